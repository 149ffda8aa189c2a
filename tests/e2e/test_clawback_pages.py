"""Claw-backs (追回) in a real browser: both languages, both widths."""

from decimal import Decimal

import pytest
from django.urls import reverse

from awards import clawbacks
from tests.awards.cases import cap, make_scene
from tests.awards.test_clawbacks import drafted, paid, repaid
from tests.e2e import look

pytestmark = pytest.mark.django_db(transaction=True)


def test_pages_have_no_fault_at_any_width_in_either_language(open_page):
    scene = make_scene(caps=[cap("unit", "2000000", scope="organisation")])
    waiting, award = paid(scene), paid(scene)
    draft = drafted(scene, waiting)
    signed = clawbacks.release(drafted(scene, award), actor=scene.lead_head)
    repaid(scene, signed, Decimal(200_000))
    pages = [
        ("list", scene.lead_head, reverse("award_clawback_list")),
        ("form", scene.lead_clerk, reverse("award_clawback_new", args=[award.uid])),
        ("draft", scene.lead_head, reverse("award_clawback_detail", args=[draft.uid])),
        ("repay", scene.finance, reverse("award_clawback_detail", args=[signed.uid])),
        ("award", scene.lead_clerk, reverse("award_detail", args=[award.uid])),
    ]
    found = []
    for name, user, path in pages:
        for language in ("zh-hans", "en"):
            page = open_page(path, user=user, language=language)
            found += look.faults(page, f"clawback-{name}-{language[:2]}", widths=(375, 1366))
    assert found == []
