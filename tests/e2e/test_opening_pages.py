"""Earlier grants (期初登记) in a real browser: both languages, both widths."""

import pytest
from django.urls import reverse

from portal.accounts.models import Role
from tests.awards.test_openings import enter, scene_with_caps
from tests.e2e import look
from tests.factories import OrganisationFactory, person

pytestmark = pytest.mark.django_db(transaction=True)


def test_pages_have_no_fault_at_any_width_in_either_language(open_page):
    scene = scene_with_caps()
    first, second = person(Role.POLICY_ADMIN, name="甲"), person(Role.POLICY_ADMIN, name="乙")
    opening = enter(scene, OrganisationFactory(name="南京紫金先进材料研究院有限公司"), first)
    paths = {
        "list": reverse("award_opening_list"),
        "choose": reverse("award_opening_new"),
        "form": reverse("award_opening_new") + f"?line={scene.measure.line}",
        "detail": reverse("award_opening_detail", args=[opening.uid]),
    }
    found = []
    for name, path in paths.items():
        for language in ("zh-hans", "en"):
            page = open_page(path, user=second, language=language)
            found += look.faults(page, f"opening-{name}-{language[:2]}", widths=(375, 1366))
    assert found == []
