"""Widgets that cost less than Django's own must say the same."""

import html.parser

import pytest
from django import forms

from portal.widgets import PlainSelect, PlainText

CHOICES = [("", "全部区"), ("a&b", '<b>"玄武"</b>'), (3, "栖霞"), ("c", "江宁")]


class Tags(html.parser.HTMLParser):
    """Tags with their attributes in any order, and the words between; blanks do not count."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.found.append(f"/{tag}")

    def handle_data(self, data):
        if data.strip():
            self.found.append(data.strip())


def drawn(widget: type[forms.Select], *, value=None, choices=CHOICES, **attrs) -> list:
    made = widget(attrs=attrs, choices=choices)
    return Tags(made.render("district", value, {"id": "id_district"})).found


@pytest.mark.parametrize("value", [None, "", "a&b", 3, "3", "nowhere"])
def test_plain_select_says_what_djangos_select_says(value):
    attrs = {"class": "form-select", "required": True, "disabled": False}
    plain = drawn(PlainSelect, value=value, **attrs)
    assert plain == drawn(forms.Select, value=value, **attrs)
    assert len([tag for tag in plain if tag[0] == "option"]) == len(CHOICES)


def test_plain_select_marks_the_one_chosen_option():
    chosen = [
        tag for tag in drawn(PlainSelect, value="3") if tag[0] == "option" and "selected" in tag[1]
    ]
    assert chosen == [("option", {"value": "3", "selected": None})]


def test_plain_select_escapes_values_labels_and_names():
    text = PlainSelect(choices=[('"><script>', "<script>x</script>")]).render('"><b>', None)
    assert "<script" not in text
    assert "<b>" not in text


def test_plain_select_keeps_the_groups_of_its_choices():
    grouped = [("", "全部"), ("主城", [("xw", "玄武"), ("gl", "鼓楼")]), ("郊区", [("lh", "六合")])]
    assert drawn(PlainSelect, value="gl", choices=grouped) == drawn(
        forms.Select, value="gl", choices=grouped
    )


def test_plain_select_in_a_form_gives_the_value_that_was_sent():
    class Form(forms.Form):
        district = forms.ChoiceField(choices=CHOICES, widget=PlainSelect)

    form = Form({"district": "c"})
    assert form.is_valid()
    assert form.cleaned_data == {"district": "c"}
    assert '<option value="c" selected>江宁</option>' in str(form["district"])


@pytest.mark.parametrize("value", [None, "", "中试", '"><script>', 3])
def test_plain_text_says_what_djangos_text_says(value):
    attrs = {"class": "form-control", "required": True, "maxlength": "60"}
    plain, full = (
        Tags(widget(attrs=attrs).render("q", value, {"id": "id_q"})).found
        for widget in (PlainText, forms.TextInput)
    )
    assert plain == full
    assert len(plain) == 1
