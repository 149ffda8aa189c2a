"""One row of the access table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.guarantees.cast import World

Kwargs = Callable[[World], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """``get`` and ``post`` name the personas (see cast.py) who are let in; whoever else is signed
    in gets 404, and a visitor is sent to sign in (or gets 404). A method that is not given is
    refused to all. ``kwargs`` makes what the URL names: a function of the world, called once for a
    run, that returns the URL's arguments; ``data`` is what is posted (an answer that names errors
    is an entry too).
    """

    route: str
    get: frozenset[str] | None = None
    post: frozenset[str] | None = None
    kwargs: Kwargs | None = None
    data: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    # A page of allauth's flows: it sends away who stands elsewhere in the flow. Who is not named
    # is not shown it; who is named gets an answer that is no fault of the server's.
    flow: bool = False
