"""Forms of awards: what stands in them when they open."""

import pytest
from django.utils import translation

from awards.forms import ArrivedForm, BouncedForm
from portal import clock


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("form", [ArrivedForm, BouncedForm])
def test_today_stands_in_a_form_as_a_browser_reads_it(form, language):
    with translation.override(language):
        assert f'value="{clock.today().isoformat()}"' in str(form()["on"])
