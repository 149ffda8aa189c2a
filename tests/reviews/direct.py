"""A call of 15-2 under which the lead unit nominates (免申即享)."""

from policy.entries import Catalogue
from portal.accounts.models import Organisation

BODY = {"caps": [], "rubric": {}, **Catalogue().newest("15-2").body}
CALL = {
    "body": BODY,
    "settings": {"premium_rate": "0.5", "nominates": True, "confirm_workdays": 5},
}


def line(organisation: Organisation | str, *cells: str) -> str:
    """A line of the list: code, type, certificate, until, insurance, premium, other subsidy."""
    code = organisation if isinstance(organisation, str) else organisation.uscc
    given = list(cells) or [
        "高新技术企业", "GR202632000001", "2028-12-31", "专利险", "100000.00", "否",
    ]  # fmt: skip
    return "\t".join([code, *given])
