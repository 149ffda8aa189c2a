"""Columns, constraints and bodies of triggers that the models of several rooms have in common."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from portal.ids import UID_LENGTH, new_uid


def uid_column() -> models.CharField:
    """What a row is called in addresses."""
    return models.CharField(max_length=UID_LENGTH, unique=True, default=new_uid, editable=False)


def user_column(null: bool = False, related_name: str = "+") -> models.ForeignKey:
    """Who did it; an account is disabled, never deleted."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=null, related_name=related_name
    )


def two_people(first: str, second: str, name: str) -> models.CheckConstraint:
    """Who drafts is not who releases."""
    return models.CheckConstraint(
        condition=Q(**{f"{second}__isnull": True}) | ~Q(**{second: F(first)}), name=name
    )


def refuse(name: str, reason: str) -> str:
    """The body of a trigger that refuses the row under a constraint's name."""
    return (
        f"RAISE EXCEPTION '{reason}' "
        f"USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = '{name}';"
    )


def changed(*columns: str) -> str:
    """The condition that one of the columns is given another value."""
    return " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
