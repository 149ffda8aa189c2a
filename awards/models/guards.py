"""Columns and triggers that the models of this room share."""

import pgtrigger
from django.db import models

from portal.columns import changed


def cny(**options):
    return models.DecimalField(max_digits=16, decimal_places=2, **options)


def change():
    """What an entry adds to a counter (元); written by the database alone."""
    return cny(db_default=0, editable=False)


def state_audited(name: str, label: str) -> pgtrigger.Trigger:
    """A change of ``state`` has its event by the commit."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Row,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
        func=f"""
        PERFORM audit_require('{label}', NEW.id::text, OLD.state, NEW.state);
        RETURN NULL;
        """,
    )


def starts(name: str, state: str) -> pgtrigger.Trigger:
    """A row comes into being in its first state only."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        condition=~pgtrigger.Q(new__state=state),
        func=f"""
        RAISE EXCEPTION 'it starts as {state}'
          USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
        """,
    )


def kept(name: str, *columns: str, when: str = "true") -> pgtrigger.Trigger:
    """What a signature covers is not edited."""
    changed_columns = changed(*columns)
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(f"{when} AND ({changed_columns})"),
        func=f"""
        RAISE EXCEPTION 'what was signed is not edited'
          USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
        """,
    )
