"""Why a file is refused: a reason code with its facts, and what the person is told."""

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TYPE_NAMES = {
    "pdf": "PDF",
    "png": "PNG",
    "jpg": "JPG",
    "xlsx": "XLSX",
    "docx": "DOCX",
}

MESSAGES = {
    "none": gettext_lazy("请选择要上传的文件。"),
    "empty": gettext_lazy("文件是空的（0 字节），请检查后重新上传。"),
    "too_big": gettext_lazy("文件大小 {size}，超过上限 {limit}。请压缩或拆分后上传。"),
    "type": gettext_lazy("不接受这种格式的文件。可上传：{allowed}。格式按文件内容判断，改扩展名无效。"),
    "old_office": gettext_lazy("不接受旧版 Office 格式。请另存为 .xlsx 或 .docx，或导出 PDF 后上传。"),
    "extension": gettext_lazy(
        "文件扩展名与内容不符：扩展名是 {extension}，内容是 {found}。请上传原文件，不要改扩展名。"
    ),
    "encrypted": gettext_lazy("文件已加密或设有密码，无法审阅。请取消密码后上传。"),
    "active": gettext_lazy("文件含有脚本或自动执行的动作，不予接收。请重新导出后上传。"),
    "embedded": gettext_lazy("文件中嵌有其他文件，不予接收。请把内嵌文件单独上传。"),
    "macro": gettext_lazy("文件含有宏，不予接收。请另存为不含宏的文件后上传。"),
    "bomb": gettext_lazy("文件解压后过大，不予接收。"),
    "pixels": gettext_lazy("图片为 {width}×{height} 像素，超过 {limit} 万像素。请缩小后上传。"),
    "polyglot": gettext_lazy("文件中混有另一种格式的内容，不予接收。请重新导出后上传。"),
    "damaged": gettext_lazy("文件已损坏或不合格式规范，无法打开。请重新导出（另存为）后上传。"),
    "infected": gettext_lazy("文件含有病毒，不予接收。请查杀后重新上传。"),
    "disk_full": gettext_lazy("服务器存储空间不足，文件未保存。已填写的内容不受影响，请稍后再传。"),
}  # fmt: skip


class FileRefused(Exception):
    """``reason`` is a key of ``MESSAGES``; ``facts`` fill its text."""

    def __init__(self, reason: str, **facts: Any):
        if reason not in MESSAGES:
            raise KeyError(reason)
        self.reason, self.facts = reason, facts
        super().__init__(reason, facts)


def describe(refusal: FileRefused) -> str:
    """The refusal in the reader's language."""
    facts = dict(refusal.facts)
    for name in ("size", "limit"):
        if refusal.reason == "too_big":
            facts[name] = filesizeformat(facts[f"{name}_bytes"])
    if refusal.reason == "pixels":
        facts["limit"] = facts["limit_pixels"] // 10_000
    if "types" in facts:
        facts["allowed"] = _("、").join(TYPE_NAMES[code] for code in facts["types"])
    if refusal.reason == "extension":
        facts["found"] = TYPE_NAMES[facts["found"]]
        facts["extension"] = facts["extension"] or _("（无）")
    return str(MESSAGES[refusal.reason]).format(**facts)
