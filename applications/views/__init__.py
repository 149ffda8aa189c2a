"""Views of the applicant's side: load with rights, verb, redirect. No rule is decided here."""
