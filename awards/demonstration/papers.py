"""Files of the demonstration: small real PDFs, each made and stored once and named by many cases."""

from datetime import datetime
from functools import cached_property

from portal.documents.rendering import render_pdf_marked
from portal.files.models import Blob
from portal.files.storing import store

MAX_BYTES = 2**20
TEMPLATE = "documents/sample.typ"


def sample(title: str, rows: list[list[str]], *, at: datetime) -> Blob:
    """A paper, marked as a sample of the demonstration."""
    content = render_pdf_marked(TEMPLATE, {"title": f"{title}（演示样本）", "rows": rows}, at=at)
    return store(content, name="sample.pdf", types=["pdf"], max_bytes=MAX_BYTES, at=at)


class Papers:
    """What cases attach: one paper for each title."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._held: dict[str, Blob] = {}

    def of(self, title: str) -> Blob:
        if title not in self._held:
            rows = [["材料名称", title], ["用途", "申报附件"], ["说明", "内容从略"]]
            self._held[title] = sample(title, rows, at=self.at)
        return self._held[title]

    @cached_property
    def authorisation(self) -> Blob:
        return sample("授权书", [["授权事项", "在线申报、提交和签收文书"]], at=self.at)
