"""Recording: the one way an event comes into being."""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from portal.audit.models import Event


def type_of(obj: models.Model | type[models.Model]) -> str:
    """The object type as it stands in events: ``app_label.model``."""
    return obj._meta.label_lower


def record(
    action: str,
    *,
    obj: models.Model,
    actor: Any,
    data: dict | None = None,
    from_state: str = "",
    to_state: str = "",
) -> Event:
    """Append an event about ``obj`` inside the caller's transaction.

    ``actor`` is a user, or a string that names a part of the system ("system:sweep").
    Raises ``TransactionManagementError`` outside a transaction: an act and its event are one.
    """
    event = _event(action, obj, actor, data, from_state, to_state)
    event.save(force_insert=True)
    return event


def record_all(
    action: str,
    told: Iterable[tuple[models.Model, dict]],
    *,
    actor: Any,
    from_state: str = "",
    to_state: str = "",
) -> list[Event]:
    """The same act on several objects, an event for each with its own data: one statement. As
    ``record``."""
    events = [_event(action, obj, actor, data, from_state, to_state) for obj, data in told]
    return Event.objects.bulk_create(events)


def _event(
    action: str, obj: models.Model, actor: Any, data: dict | None, from_state: str, to_state: str
) -> Event:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"record({action!r}) outside a transaction")
    is_user = isinstance(actor, models.Model)
    return Event(
        actor_id=actor.pk if is_user else None,
        actor_label=str(actor),
        action=action,
        object_type=type_of(obj),
        object_id=str(obj.pk),
        from_state=from_state,
        to_state=to_state,
        data=data or {},
    )
