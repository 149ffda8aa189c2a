"""Cases, for the portal's search (portal.searching): on the highest floor that has a page of one."""

from urllib.parse import urlencode

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from applications.models import Application, Party
from portal.accounts.loading import organisation_of, units_of
from portal.accounts.models import Role
from portal.searching import SHOWN, Group, Hit

CASES = gettext_lazy("申报")


def cases(user, words, text) -> Group:
    """Cases that the reader may see and has a page of, by number, title or organisation.

    An organisation's people: their own. Reviewing units: those in which they take part. Finance:
    those with an award. Experts read under masked names, so they find none here.
    """
    if user is None:
        return Group(CASES)
    own = organisation_of(user)
    reviewing = units_of(user, Role.CLERK, Role.HEAD)
    paying = units_of(user, Role.FINANCE, Role.FINANCE_HEAD)
    if own is None and not reviewing and not paying:
        return Group(CASES)
    wanted = Q(organisation=own) if own else Q(pk__in=[])
    if reviewing:
        wanted |= _with(reviewing)
    if paying:
        wanted |= _with(paying) & Q(award__isnull=False)
    found = (
        Application.objects.visible_to(user)
        .with_words(words)
        .filter(wanted)
        .select_related("organisation", "award")
        .only("uid", "number", "title", "status", "organisation__name", "award__uid")
        .order_by(F("submitted_at").desc(nulls_first=True), "-pk")
    )
    hits = [_hit(row, own, reviewing) for row in found[: SHOWN + 1]]
    lists = f"{reverse('review_case_list')}?{urlencode({'q': text})}" if reviewing else ""
    return Group(CASES, hits, lists or (reverse("application_list") if own else ""))


def _with(units) -> Q:
    parties = Party.objects.filter(unit__in=units, ended_at__isnull=True)
    return Q(pk__in=parties.values("application"), submitted_at__isnull=False)


def _hit(case: Application, own, reviewing) -> Hit:
    if own is not None and case.organisation_id == own.pk:
        url = reverse("application_case", args=[case.uid])
    elif reviewing:
        url = reverse("review_desk", args=[case.uid])
    else:
        url = reverse("award_detail", args=[case.award.uid])
    title = f"{case.number or _('未提交')} {case.title or _('（未命名项目）')}"
    return Hit(url, title, f"{case.organisation.name} · {case.get_status_display()}")
