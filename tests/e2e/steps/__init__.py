"""The steps of a road from an organisation that registers to a payment that has arrived, each an act
of a person on a page of the browser; a module for each kind of person. The roads themselves
(test_road*.py) are lists of steps.
"""
