"""A condition of a definition in the words of its form: what makes an answer or a paper required."""

from django.utils.translation import gettext as _

from policy.schema import Condition, Form
from policy.text import counted
from portal.types import known


def condition_words(condition: Condition | None, form: Form | None) -> str:
    """``“建设类型”选“联建”``; "" without a condition, or of a field that the form has not."""
    asked = form.fields.get(condition.field) if condition and form else None
    if condition is None or asked is None:
        return ""
    name = str(asked.label)
    if condition.answered is not None:
        return _("填写了“%(name)s”") % {"name": name}
    if condition.at_least is not None:
        if asked.type in {"money", "money_wan"} and condition.at_least < 1:
            return _("“%(name)s”大于 0") % {"name": name}
        least = str(counted(condition.at_least, asked.unit))
        return _("“%(name)s”不少于 %(least)s") % {"name": name, "least": least}
    if condition.is_true is not None:
        chosen = [_("是") if condition.is_true else _("否")]
    else:
        codes = condition.one_of or (known(condition.equals),)
        chosen = [str(asked.choice_label(code)) for code in codes]
    words = _("或").join(f"“{word}”" for word in chosen)
    return _("“%(name)s”选%(words)s") % {"name": name, "words": words}
