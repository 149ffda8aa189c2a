"""`make mutants`: every constraint, unique index, trigger, withheld right and lock is taken away in
turn, and the tests must turn red. __main__.py tells how it is run."""
