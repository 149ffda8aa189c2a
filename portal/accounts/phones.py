"""Mobile numbers of the mainland."""

import re

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

PHONE = re.compile(r"1[3-9]\d{9}")
validate_phone = RegexValidator(r"^1[3-9]\d{9}$", _("手机号是 11 位数字，以 1 开头。"))
