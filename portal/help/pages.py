"""Which topic explains which page: the one table behind the link 帮助 in page heads."""

from fnmatch import fnmatchcase

# Name of a route, or a pattern of names → code of a topic; the first that fits is taken.
PAGES: list[tuple[str, str]] = [
    ("application_correction", "corrections"),
    ("application_check", "submitting"),
    ("application_receipt", "submitting"),
    ("application_case", "submitting"),
    ("application_section", "filling"),
    ("application_list", "filler"),
    ("application_*", "filling"),
    ("organisation_queue", "district"),
    ("organisation_check", "district"),
    ("organisation_*", "registration"),
    ("invitation", "registration"),
    ("account_signup", "registration"),
    ("account_*", "signing-in"),
    ("mfa_*", "signing-in"),
    ("call_question*", "questions"),
    ("question_*", "questions"),
    ("call_*", "visitor"),
    ("measure_*", "visitor"),
    ("review_public_notice*", "objections"),
    ("review_objection*", "objections"),
    ("review_desk", "keys"),
    ("review_release_list", "head"),
    ("review_proposal*", "head"),
    ("review_verification_release*", "head"),
    ("review_expert_home", "expert"),
    ("review_sheet*", "expert"),
    ("review_*", "lead-clerk"),
    ("award_finance_inbox", "finance"),
    ("award_payment*", "finance"),
    ("award_receipt*", "finance"),
    ("award_case_payments", "payments"),
    ("award_clawback*", "lead-clerk"),
    ("award_opening*", "policy-admin"),
    ("award_withdraw", "submitting"),
    ("award_*", "payments"),
    ("policy_*", "policy-admin"),
    ("user_*", "account-admin"),
    ("staff_*", "account-admin"),
    ("invitation_*", "account-admin"),
    ("unit_*", "account-admin"),
    ("audit_*", "auditor"),
    ("notice_inbox", "deadlines"),
]


def topic_of(url_name: str) -> str:
    """The code of the topic that explains the page; "" if none does."""
    return next((topic for name, topic in PAGES if fnmatchcase(url_name, name)), "")
