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


def test_limits_are_told_before_anything_is_chosen(filler, place):
    application = start(place)
    content = page(filler, url("section", application, "attachments"))
    assert "PDF · 单个不超过 20 MB · 最多 1 个文件" in content
    assert "PDF、XLSX · 单个不超过 20 MB · 最多 2 个文件" in content
