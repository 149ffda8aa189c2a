"""Forms of the policy administrators: a call built from its measure's settings, acts, calendar."""

from policy.forms.calendars import CalendarDayForm, CalendarImportForm
from policy.forms.calls import CallChangeForm, CallForm
from policy.forms.fields import WanField, WholeField
from policy.forms.messages import refusal_message, unready_messages
from policy.forms.settings import field_name

__all__ = [
    "CalendarDayForm",
    "CalendarImportForm",
    "CallChangeForm",
    "CallForm",
    "WanField",
    "WholeField",
    "field_name",
    "refusal_message",
    "unready_messages",
]
