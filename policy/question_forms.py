"""Forms of questions. What is allowed is the verbs'; forms read, and keep what was typed."""

from typing import cast

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.text import Truncator, format_lazy
from django.utils.translation import gettext_lazy as _

from policy.models.questions import MAX_ANSWER, MAX_QUESTION, Question


class WordsField(forms.CharField):
    """Several lines of text; a line break counts as one character, as in the browser."""

    def __init__(self, *, most: int, rows: int, empty, **more):
        area = forms.Textarea(attrs={"rows": rows, "maxlength": most})
        super().__init__(widget=area, error_messages={"required": empty}, **more)
        self.validators.append(MaxLengthValidator(most))

    def to_python(self, value):
        return super().to_python(str(value or "").replace("\r\n", "\n"))


class AskForm(forms.Form):
    text = WordsField(
        label=_("咨询问题"), most=MAX_QUESTION, rows=8, empty=_("请写明要咨询的问题。"),
        help_text=format_lazy(_("一次问一件事，写明涉及的条款或栏目；请勿填写姓名、电话、账号和商业秘密。最多 {most} 字。"), most=MAX_QUESTION),
    )  # fmt: skip


class QuestionForm(forms.Form):
    """An act on a question: what its page showed of it comes back with it."""

    seen_revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, question: Question, **options):
        self.question = question
        options["initial"] = {"seen_revision": question.revision} | options.get("initial", {})
        super().__init__(*args, **options)


class DraftForm(QuestionForm):
    public_text = WordsField(
        label=_("公开的问题"), most=MAX_QUESTION, rows=4, empty=_("请填写公开的问题。"),
        help_text=_("可改写，使人不能认出提问单位；原问题另行保留。"),
    )  # fmt: skip
    answer = WordsField(
        label=_("答复"), most=MAX_ANSWER, rows=8, empty=_("请填写答复。"),
        help_text=_("负责人审签后公开，提问单位同时收到消息。"),
    )  # fmt: skip

    def __init__(self, *args, question: Question, **options):
        options["initial"] = {"public_text": question.title, "answer": question.answer}
        super().__init__(*args, question=question, **options)


class PrivateForm(QuestionForm):
    answer = WordsField(
        label=_("答复"), most=MAX_ANSWER, rows=6, empty=_("请填写答复。"),
        help_text=_("只有提问单位可见，提交后立即送达，不能撤回。"),
    )  # fmt: skip


class PublicQuestionField(forms.ModelChoiceField):
    def label_from_instance(self, obj):
        return Truncator(obj.public_text).chars(60)


class MergeForm(QuestionForm):
    into = PublicQuestionField(
        label=_("已有答复"),
        queryset=Question.objects.none(),
        to_field_name="uid",
        empty_label=_("请选择"),
        help_text=_("同一申报通知下已公开的答复。"),
        error_messages={
            "required": _("请选择要并入的答复。"),
            "invalid_choice": _("所选答复已不公开，请另选。"),
        },
    )

    def __init__(self, *args, question: Question, **options):
        super().__init__(*args, question=question, **options)
        into = cast(PublicQuestionField, self.fields["into"])
        into.queryset = Question.objects.public().filter(call=question.call_id)


class ReasonForm(QuestionForm):
    reason = WordsField(
        label=_("理由"), most=500, rows=3, empty=_("请填写理由。"),
        help_text=_("将告知提问单位。"),
    )  # fmt: skip


class SendBackForm(QuestionForm):
    """The drafter takes back without a word; a head says why."""

    note = WordsField(
        label=_("退回意见"), most=500, rows=3, empty=_("请填写退回意见。"), required=False
    )


class PinForm(QuestionForm):
    on = forms.BooleanField(required=False)
