"""统一社会信用代码 (GB 32100-2015): 18 characters, the last one a check digit."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength


def clean_uscc(text: str) -> str:
    """The code in its one form. Raises ``ValidationError`` with what is wrong with it."""
    code = uscc.compact(text)
    try:
        return uscc.validate(code)
    except InvalidLength:
        raise ValidationError(
            _("统一社会信用代码是 18 位，您填了 {count} 位。").format(count=len(code)),
            code="length",
        ) from None
    except InvalidFormat:
        raise ValidationError(
            _("统一社会信用代码前 8 位是数字，其余不含字母 I、O、S、V、Z。"), code="format"
        ) from None
    except InvalidChecksum:
        raise ValidationError(
            _("统一社会信用代码校验位不符，请核对是否输错。"), code="checksum"
        ) from None
