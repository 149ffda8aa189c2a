"""Attachments: stored, shown, refused with the reason."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from applications.models import Attachment
from tests.applications.definition import (
    attach,
    pdf,
    start,
)
from tests.applications.views.pages import page, url

pytestmark = pytest.mark.django_db


def upload(client, application, slot, data, name="报告.pdf", *, script=True):
    headers = {"X-Requested-With": "XMLHttpRequest"} if script else {}
    file = SimpleUploadedFile(name, data)
    return client.post(url("upload", application, slot), {"file": file}, headers=headers)


def test_upload_is_stored_shown_opened_and_removed(filler, place):
    application = start(place)
    answer = upload(filler, application, "licence", pdf("a"), name="证照 𬭎.pdf")
    assert answer.status_code == 200 and "证照 𬭎.pdf" in answer.json()["html"]
    file = Attachment.objects.get()
    opened = filler.get(url("file", application, file.uid) + "?inline=1")
    assert b"".join(opened.streaming_content) == pdf("a")
    assert opened["Content-Disposition"].startswith("inline")
    saved = filler.get(url("file", application, file.uid))
    assert saved["Content-Disposition"].startswith("attachment")
    filler.post(url("file_remove", application, file.uid))
    file.refresh_from_db()
    assert (file.removed_by, file.removed_at is not None) == (place.filler, True)
    page(filler, url("section", application, "attachments"))  # the message that it is gone
    assert "证照 𬭎.pdf" not in page(filler, url("section", application, "attachments"))


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.pdf", "文件是空的"),
        (b"GIF89a", "a.pdf", "不接受这种格式"),
        (b"%PDF-1.4 broken", "a.pdf", "文件已损坏"),
    ],
)
def test_upload_that_is_refused_says_why_and_stores_nothing(filler, place, data, name, words):
    application = start(place)
    answer = upload(filler, application, "licence", data, name=name)
    assert answer.status_code == 422 and words in answer.json()["errors"][0]
    plain = upload(filler, application, "licence", data, name=name, script=False)
    assert plain.status_code == 422 and words in plain.content.decode()
    assert not Attachment.objects.exists()


def test_slot_that_is_full_and_an_empty_choice_are_told(filler, place):
    application = start(place)
    attach(application, "licence", actor=place.filler)
    answer = upload(filler, application, "licence", pdf("b"))
    assert answer.json()["errors"] == ["此项最多 1 个文件。请先删除不需要的文件。"]
    none = filler.post(
        url("upload", application, "audit"), headers={"X-Requested-With": "XMLHttpRequest"}
    )
    assert none.json()["errors"] == ["请选择要上传的文件。"]
    assert filler.post(url("upload", application, "nothing")).status_code == 404


def test_the_same_content_stands_once_in_a_slot_and_is_noted_in_another(filler, place):
    draft = start(place)
    answer = upload(filler, draft, "audit", pdf("a"), name="甲.pdf").json()
    assert (answer["errors"], "已保存" in answer["saved"]) == ([], True)
    again = upload(filler, draft, "audit", pdf("a"), name="乙.pdf")
    assert again.status_code == 422
    assert again.json()["errors"] == ["此项已有内容相同的文件“甲.pdf”，没有重复保存。"]
    assert "saved" not in again.json()
    assert Attachment.objects.count() == 1
    upload(filler, draft, "licence", pdf("a"), name="丙.pdf")
    shown = page(filler, url("check", draft))
    assert "文件内容相同，请核对是否传错" in shown
    # Taken out, it may come again.
    (first,) = Attachment.objects.filter(slot="audit")
    filler.post(url("file_remove", draft, first.uid))
    assert upload(filler, draft, "audit", pdf("a"), name="乙.pdf").status_code == 200


def test_a_slot_that_an_answer_makes_necessary_says_which(filler, place):
    assert "“是否设立基金”选“是”的必填。" in page(
        filler, url("section", start(place), "attachments")
    )


def test_limits_are_told_before_anything_is_chosen(filler, place):
    application = start(place)
    content = page(filler, url("section", application, "attachments"))
    assert "PDF · 单个不超过 20 MB · 最多 1 个文件" in content
    assert "PDF、XLSX · 单个不超过 20 MB · 最多 2 个文件" in content
