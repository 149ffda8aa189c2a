"""Due dates of this floor. Working days are the policy's: the counter is named by a setting."""

from datetime import date

from django.conf import settings
from django.utils.module_loading import import_string

from portal import clock
from portal.accounts.models import Organisation, OrganisationStatus


def registration_due(start: date) -> date | None:
    """Until when a registration is to be verified; None while the year's calendar is missing."""
    add_workdays = import_string(settings.WORKDAYS)
    return add_workdays(start, settings.REGISTRATION_LIMIT_WORKDAYS).date


def calendar_changed(year: int, *, actor) -> None:
    """A year was loaded: what waits for its verification is dated anew."""
    for organisation in Organisation.objects.filter(status=OrganisationStatus.PENDING):
        since = organisation.submitted_at or organisation.registered_at
        due_on = registration_due(clock.local(since).date())
        if due_on != organisation.due_on:
            Organisation.objects.filter(pk=organisation.pk).update(due_on=due_on)
