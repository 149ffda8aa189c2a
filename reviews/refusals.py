"""Why an act of the reviewing units was not done: a reason and its facts, text at the edge."""


class Refused(Exception):
    """An act was refused and nothing was written. ``reason`` is a code, ``facts`` its figures.

    ====================  ==========================================================
    role                  the actor does not hold the part that the act needs
    state                 the case (panel, notice …) is not where the act starts
    changed               it moved since the actor's page was made (``changed_by``)
    same_person           who drafted may not release
    proposal_pending      a proposal about the case waits for the head
    reason_missing        the act needs a reason
    others                see the verb that raises them
    ====================  ==========================================================
    """

    def __init__(self, reason: str, **facts):
        self.reason, self.facts = reason, facts
        told = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{reason} ({told})" if told else reason)
