"""Who sees what of awards: loaders give the object or raise ``Http404``.

The lead unit's clerks and heads see their own measures; finance, policy administrators and
auditors see all. Applicants see their awards on the pages of their cases, not here.
"""

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404

from applications.models import Application
from applications.roles import get_as
from awards.finance import finance_units
from awards.models import Award, ClawBack, Decision, Export, Opening, Payment, PaymentBatch, Receipt
from policy.leading import led_measures
from policy.models import Call, Measure
from portal.accounts.loading import has_role, organisation_of, require_role, units_of
from portal.accounts.models import Membership, Role
from reviews.models import Selection

STAFF = (
    Role.CLERK, Role.HEAD, Role.FINANCE, Role.FINANCE_HEAD, Role.POLICY_ADMIN, Role.AUDITOR,
)  # fmt: skip
_EVERYWHERE = (Role.FINANCE, Role.FINANCE_HEAD, Role.POLICY_ADMIN, Role.AUDITOR)

staff = require_role(*STAFF)
finance_only = require_role(Role.FINANCE, Role.FINANCE_HEAD)
policy_admin = require_role(Role.POLICY_ADMIN)


def measures_of(user) -> list[int] | None:
    """The measures whose money the user may see; None: all of them; []: none, hence 404."""
    if has_role(user, *_EVERYWHERE):
        return None
    return led_measures(user)


def sees_money(user) -> bool:
    """Whether there is money that the user may see; asked once for each request's user."""
    if not hasattr(user, "sees_money"):
        user.sees_money = measures_of(user) != []
    return user.sees_money


def require_measures(user) -> list[int] | None:
    """As ``measures_of``; a user who may see none of them gets 404."""
    found = measures_of(user)
    if found == []:
        raise Http404("measures")
    return found


def _within(rows: QuerySet, user, path: str) -> QuerySet:
    measures = measures_of(user)
    return rows if measures is None else rows.filter(**{f"{path}__in": measures})


def _one(rows: QuerySet, **key):
    found = rows.filter(**key).first()
    if found is None:
        raise Http404(str(key))
    return found


def get_measure(user, line: str) -> Measure:
    rows = Measure.objects.select_related("article__document", "lead_unit")
    return _one(_within(rows, user, "pk"), line=line)


def get_call(user, uid: str) -> Call:
    rows = Call.objects.exclude(status=Call.Status.DRAFT).select_related(
        "measure", "lead_unit", "measure__article__document", "definition"
    )
    return _one(_within(rows, user, "measure"), uid=uid)


def call_asked_for(request) -> Call | None:
    """The call whose rows alone a list shows (``?call=``); None: those of all calls."""
    uid = request.GET.get("call", "")
    return get_call(request.user, uid) if uid else None


def get_award(user, uid: str) -> Award:
    rows = Award.objects.select_related(
        "application__district", "organisation", "call__measure", "call__lead_unit",
        "call__measure__article__document", "definition",
    )  # fmt: skip
    return _one(_within(rows, user, "call__measure"), uid=uid)


def decisions_of(user) -> QuerySet:
    rows = Decision.objects.select_related("call__measure", "call__lead_unit")
    return _within(rows, user, "call__measure")


def get_decision(user, uid: str) -> Decision:
    rows = decisions_of(user).select_related(
        "call__measure", "call__lead_unit", "drafted_by", "released_by", "confirmed_by", "pdf"
    )
    return _one(rows, uid=uid)


def batches_of(user) -> QuerySet:
    rows = PaymentBatch.objects.select_related("call__measure", "call__lead_unit")
    return _within(rows, user, "call__measure")


def get_batch(user, uid: str) -> PaymentBatch:
    rows = batches_of(user).select_related(
        "call__measure", "call__lead_unit", "unit", "drafted_by", "released_by"
    )
    return _one(rows, uid=uid)


def get_payment(user, uid: str) -> Payment:
    """A payment, for finance."""
    if not finance_units(user):
        raise Http404(uid)
    rows = Payment.objects.select_related("batch", "award__application", "award__organisation")
    return _one(rows, uid=uid)


def openings_of(user) -> QuerySet:
    rows = Opening.objects.select_related("measure", "organisation", "drafted_by")
    return _within(rows, user, "measure")


def get_opening(user, uid: str) -> Opening:
    rows = openings_of(user).select_related(
        "measure", "definition", "organisation", "drafted_by", "settled_by", "entry"
    )
    return _one(rows, uid=uid)


def claw_backs_of(user) -> QuerySet:
    rows = ClawBack.objects.select_related(
        "award__application", "award__organisation", "award__call", "drafted_by"
    ).defer("award__trace", "award__application__computation")
    return _within(rows, user, "award__call__measure")


def get_claw_back(user, uid: str) -> ClawBack:
    rows = claw_backs_of(user).select_related(
        "award__call__measure", "award__call__lead_unit", "released_by", "discarded_by", "letter"
    )
    return _one(rows, uid=uid)


def get_payment_seen(user, uid: str) -> Payment:
    """A payment, for who sees the money of its measure."""
    rows = Payment.objects.select_related("batch", "award__application", "award__organisation")
    return _one(_within(rows, user, "batch__call__measure"), uid=uid)


def opens_receipts(user) -> bool:
    """Whether the user may open the bank's papers, which bear the account in full."""
    return has_role(user, Role.FINANCE, Role.FINANCE_HEAD, Role.AUDITOR)


def get_receipt(user, uid: str) -> Receipt:
    """A receipt: for finance, auditors, and the people of the organisation that was paid."""
    rows = Receipt.objects.filter(removed_at__isnull=True).select_related(
        "payment__award__organisation", "blob"
    )
    if not opens_receipts(user):
        rows = rows.filter(payment__award__organisation=organisation_of(user))
    return _one(rows, uid=uid)


def get_receipt_to_mend(user, uid: str) -> Receipt:
    if not finance_units(user, Role.FINANCE):
        raise Http404(uid)
    return _one(Receipt.objects.select_related("payment"), uid=uid, removed_at__isnull=True)


def get_selection(user, uid: str) -> Selection:
    """A selection, for the lead unit's clerks and heads."""
    units = units_of(user, Role.CLERK, Role.HEAD)
    rows = Selection.objects.filter(call__lead_unit__in=units).select_related(
        "call__measure", "call__lead_unit", "call__definition", "drafted_by", "confirmed_by"
    )
    return _one(rows, uid=uid)


def get_own_case(user, uid: str) -> Application:
    """A case, for the organisation's admin."""
    return get_as(user, uid, "org_admin")


def exports_of(user) -> QuerySet:
    """The exports that the user asked for, and none from before a role of the user's ended: it may
    hold what only that role showed."""
    ended = Membership.objects.filter(user=user, ended_at__gte=OuterRef("requested_at"))
    return Export.objects.filter(~Exists(ended), requested_by=user)


def get_export(user, uid: str) -> Export:
    return _one(exports_of(user).select_related("blob"), uid=uid)


def sees_accounts(user) -> bool:
    """Whether the user may see payees' bank accounts in full: finance only."""
    return has_role(user, Role.FINANCE, Role.FINANCE_HEAD)
