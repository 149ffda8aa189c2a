"""政策测算: a few questions, every line judged, nothing stored.

``matters`` what an applicant has in hand, and which lines it concerns (``matters.yaml``)
``reply``   the answers, read from the address of the page and written back to it
``asking``  which question comes next
``results`` the verdicts as the page shows them
"""
