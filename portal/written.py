"""Statements of the ORM that are written once.

To write a statement takes the ORM longer than PostgreSQL to answer most of them. What every page asks
in the same words is written once in the life of a process; each time only the values are put in.
"""

from collections.abc import Callable, Iterator
from copy import copy
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django.db import connections
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import ModelIterable


class Given(Expression):
    """``Given("user")``: a value that is named when the statement is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]


class Written:
    """``Written(lambda: User.objects.filter(pk=Given("pk")))``: ``.read(pk=1)`` gives the rows.

    The queryset is made once: its words may depend on nothing but what is ``Given``, neither on the
    reader's language nor on the clock. It yields models, or tuples by ``values_list`` of columns.
    """

    def __init__(self, make: Callable[[], QuerySet], *, using: str = "default") -> None:
        self._make = make
        self._using = using

    @cached_property
    def _statement(self) -> tuple:
        queryset = self._make()
        compiler = queryset.query.get_compiler(using=self._using)
        sql, params = compiler.as_sql()
        columns = [column for column, _sql, _alias in compiler.select[: compiler.col_count]]
        converters = compiler.get_converters(columns)
        compiler.get_converters = lambda expressions: converters
        compiler.connection = None  # each thread has its own
        return queryset, compiler, sql, params

    def read(self, **given: Any) -> list:
        """The rows, by one query."""
        queryset, written, sql, params = self._statement
        values = tuple(given[value.name] if isinstance(value, Given) else value for value in params)
        compiler = copy(written)
        compiler.connection = connections[self._using]
        compiler.as_sql = lambda *args, **kwargs: (sql, values)
        return list(self._rows(queryset, compiler))

    def read_of(self, parent: Model, name: str) -> list:
        """``read_of(case, "application")``: the rows whose ``application`` is the case, which they
        know as by ``case.rows.all()``."""
        found = self.read(**{name: parent.pk})
        for row in found:
            setattr(row, name, parent)
        return found

    def _rows(self, queryset: QuerySet, compiler) -> Iterator:
        if queryset._iterable_class is not ModelIterable:
            return compiler.results_iter(tuple_expected=True)
        compiler.klass_info = _shared(compiler.klass_info)
        # As much of a queryset as its own iterator asks for.
        asked: Any = SimpleNamespace(
            db=self._using,
            model=queryset.model,
            query=SimpleNamespace(get_compiler=lambda using: compiler),
            _known_related_objects={},
        )
        return iter(ModelIterable(asked))


class _Once:
    """A model as the ORM asks it for the objects that rows join: the same row, the same object."""

    def __init__(self, model) -> None:
        self._meta = model._meta
        self._model = model
        self._made: dict[Any, Any] = {}

    def from_db(self, db, names, values):
        key = values[names.index(self._meta.pk.attname)]
        if key not in self._made:
            self._made[key] = self._model.from_db(db, names, values)
        return self._made[key]


def _shared(klass_info: dict) -> dict:
    """Thirty cases of one call have one call, not thirty."""
    related = [
        _shared(one) | {"model": _Once(one["model"])}
        for one in klass_info.get("related_klass_infos", [])
    ]
    return klass_info | {"related_klass_infos": related}
