"""What every page draws again: kept where it is the same for everybody, and nowhere else."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.urls import reverse
from django.utils import translation

from portal.accounts.models import Role
from portal.menus import Link, Place
from portal.templatetags.site_ui import MOST_WAYS, Fixed, site_menu
from tests.factories import person

LOAD = "{% load i18n site_ui %}"


def test_fixed_is_drawn_once_for_each_language():
    template = Template(LOAD + "{% fixed %}{% translate '登录' %}{% endfixed %}")
    for _time in range(2):
        assert template.render(Context()) == "登录"
        with translation.override("en"):
            assert template.render(Context()) == "Sign in"
    [node] = template.nodelist.get_nodes_by_type(Fixed)
    assert len(node._drawn) == 2


def test_fixed_knows_nothing_of_the_reader():
    template = Template(LOAD + "{% fixed %}[{{ user }}{{ csrf_token }}]{% endfixed %}")
    assert template.render(Context({"user": "王五", "csrf_token": "x"})) == "[]"


def test_fixed_is_drawn_anew_for_each_value_it_names():
    template = Template(LOAD + "{% fixed phone %}{{ phone }}{{ other }}{% endfixed %}")
    assert template.render(Context({"phone": "12345", "other": "a"})) == "12345"
    assert template.render(Context({"phone": "<b>", "other": "b"})) == "&lt;b&gt;"
    assert template.render(Context({"phone": "12345"})) == "12345"


def test_fixed_keeps_a_bounded_number_of_ways():
    template = Template(LOAD + "{% fixed n %}{{ n }}{% endfixed %}")
    for number in range(MOST_WAYS + 5):
        assert template.render(Context({"n": number})) == str(number)
    [node] = template.nodelist.get_nodes_by_type(Fixed)
    assert len(node._drawn) == MOST_WAYS


def test_fixed_refuses_a_block():
    with pytest.raises(TemplateSyntaxError, match="block inside fixed"):
        Template(LOAD + "{% fixed %}{% block a %}{% endblock %}{% endfixed %}")


def test_menu_escapes_its_words_and_marks_where_the_reader_is():
    here = Link("/a/?x=1&y=2", "<b>待办</b>", True, 3)
    other = Link("/b/", "会议", False)
    html = site_menu([Place("待办", [here]), Place("评审", [other, Link("/c/", "专家库", True)])])
    assert '<a href="/a/?x=1&amp;y=2" aria-current="page">&lt;b&gt;待办&lt;/b&gt;' in html
    assert '<span class="count">3</span>' in html
    assert '<li><a href="/b/">会议</a></li>' in html
    assert "data-current" in html
    assert "（当前所在）" in html


@pytest.mark.django_db
def test_pages_of_two_readers_tell_each_of_himself_alone(client):
    people = [person(Role.CLERK, name="钟山甲"), person(Role.FILLER, name="玄武乙")]
    for user in people * 2:
        client.force_login(user)
        html = client.get(reverse("home")).content.decode()
        assert f'data-person="{user.uid}"' in html
        assert [one.name for one in people if one.name in html] == [user.name]
    client.logout()
    html = client.get(reverse("home")).content.decode()
    assert "data-person" not in html
    assert not [one.name for one in people if one.name in html]
