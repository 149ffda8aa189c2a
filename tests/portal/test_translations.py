"""The catalogue of messages: found whole, translated whole, and English pages are English."""

import re
from html.parser import HTMLParser

import polib
import pytest
from django.conf import settings
from django.urls import reverse

from portal import translations
from portal.translations import Message
from tests.policy.catalogue import make_measure, make_open_call

CHINESE = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff　-〗！-～]")
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
# Chinese for readers of either language: the other language's name, and what a file or a field
# must hold word for word.
CHINESE_IN_ENGLISH = {
    "中文",
    ".xlsx 或 .csv，不超过 1 MB。列依次为：日期、类型（休、班）、名称。",
    "“%(found)s”不是类型，请填写“休”或“班”。",
    "首行须为“日期、类型、名称”，文件中为“%(found)s”。",
    "例如：国办发明电〔2026〕7号。",
    # A document's number, the default title of a Chinese document, the name of a sheet.
    "例如：宁科〔2026〕88号。",
    "关于%(call)s支持项目的通知",
    "没有这个单位，请从“可选值”中选取。",
}


@pytest.fixture(scope="module")
def catalogue():
    return polib.pofile(str(translations.CATALOGUE))


def test_python_messages_are_found_by_function_and_place():
    source = '_("甲"); ngettext("乙", "丙", n); pgettext_lazy("境", "丁"); _(name); f("戊")'
    assert set(translations.of_python(source)) == {
        Message(None, "甲", None),
        Message(None, "乙", "丙"),
        Message("境", "丁", None),
    }


def test_template_messages_are_found_in_tags_variables_and_blocks():
    source = (
        "{% load i18n %}\n  {% translate '甲' %} {{ _('乙') }} {% translate \"首页\" context \"境\" %}\n"
        "{% blocktranslate count n=n %}剩 {{ n }} 天{% plural %}剩 {{ n }} 天{% endblocktranslate %}"
        "{# {% translate '注' %} #}{% blocktranslate trimmed %}\n 丙\n丁 {% endblocktranslate %}"
    )
    assert set(translations.of_template(source)) == {
        Message(None, "甲", None),
        Message(None, "乙", None),
        Message("境", "首页", None),
        Message(None, "剩 %(n)s 天", "剩 %(n)s 天"),
        Message(None, "丙 丁", None),
    }


def test_merge_keeps_english_adds_the_new_and_drops_the_gone():
    before = polib.POFile()
    before.append(polib.POEntry(msgid="甲", msgstr="A"))
    before.append(polib.POEntry(msgid="旧", msgstr="old"))
    merged = translations.merge(
        before, {Message(None, "甲", None): [], Message(None, "乙", None): []}
    )
    assert {entry.msgid: entry.msgstr for entry in merged} == {"甲": "A", "乙": ""}
    assert translations.lacking(merged) == ["乙"]


@pytest.fixture(scope="module")
def borrowed():
    """The house's Chinese for sentences of Django and allauth."""
    return polib.pofile(str(settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"))


def test_borrowed_sentences_are_chinese_with_one_word_for_each_thing(borrowed):
    wrong = re.compile(r"[Ee]mail|token|帐|账号|电子邮件地址|双因素|两步|登出")
    texts = [text for e in borrowed for text in [e.msgstr, *e.msgstr_plural.values()] if text]
    assert len(texts) == len(borrowed)
    texts = [re.sub(r"%\(\w+\)s|<[^>]+>", "", text) for text in texts]
    assert [text for text in texts if wrong.search(text)] == []


def test_borrowed_sentences_keep_their_placeholders(borrowed):
    wrong = [
        (entry.msgid, text)
        for entry in borrowed
        for text in (entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr])
        if set(re.findall(r"%\(\w+\)[sr]|%d", entry.msgid))
        != set(re.findall(r"%\(\w+\)[sr]|%d", text))
    ]
    assert wrong == []


def test_catalogue_holds_what_is_said_and_nothing_else(catalogue):
    said = set(translations.collect())
    held = {translations.key(entry) for entry in catalogue}
    assert sorted(m.text for m in said - held) == [], "not in the catalogue: make messages"
    assert sorted(m.text for m in held - said) == [], "said nowhere: make messages"


def test_every_message_has_english(catalogue):
    assert translations.lacking(catalogue) == []


def test_no_entry_is_fuzzy_or_obsolete(catalogue):
    assert [e.msgid for e in catalogue if e.fuzzy or e.obsolete] == []


def test_english_keeps_the_placeholders(catalogue):
    wrong = []
    for entry in catalogue:
        for english in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            kept = set(PLACEHOLDER.findall(entry.msgid)) == set(PLACEHOLDER.findall(english))
            if english and not kept:
                wrong.append((entry.msgid, english))
    assert wrong == []


def test_english_is_not_chinese(catalogue):
    wrong = [
        entry.msgid
        for entry in catalogue
        if any(CHINESE.search(s) for s in [entry.msgstr, *entry.msgstr_plural.values()])
        and entry.msgid not in CHINESE_IN_ENGLISH
    ]
    assert wrong == []


class Reader(HTMLParser):
    """The text of a page that claims to be English: what stands in lang="zh-Hans" is left out."""

    VOID = frozenset(
        [
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "source",
            "track",
            "wbr",
        ]
    )

    def __init__(self):
        super().__init__()
        self.open: list[str | None] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        inside = self.open[-1] if self.open else None
        language = attrs.get("lang", inside)
        if tag not in self.VOID:
            self.open.append(language)
        if language != "zh-Hans":
            self.texts += [v for k, v in attrs.items() if k in {"title", "alt", "aria-label"} and v]
            self.texts += [v for k, v in attrs.items() if k.startswith("data-") and v]

    def handle_endtag(self, tag):
        if tag not in self.VOID and self.open:
            self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] != "zh-Hans":
            self.texts.append(data)


def chinese_in(page: str) -> list[str]:
    """The Chinese that an English page shows outside of what it marks as Chinese."""
    reader = Reader()
    reader.feed(page)
    return [text.strip() for text in reader.texts if CHINESE.search(text)]


def test_reader_finds_chinese_and_leaves_out_what_is_marked():
    page = (
        '<html lang="en"><p>甲<br>x</p><p lang="zh-Hans">乙<b>丙</b></p><a title="丁">y</a></html>'
    )
    assert chinese_in(page) == ["甲", "丁"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["home", "measure_list", "measure_detail", "call_list", "call_detail", "account_login",
     "account_reset_password", "account_signup"],
)  # fmt: skip
def test_english_page_shows_no_chinese(client, name):
    call = make_open_call(make_measure(1))
    make_measure(2)
    kwargs = {"measure_detail": {"line": "10-1"}, "call_detail": {"uid": call.uid}}.get(name)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get(reverse(name, kwargs=kwargs)).content.decode()
    assert '<html lang="en"' in page
    assert chinese_in(page) == []
