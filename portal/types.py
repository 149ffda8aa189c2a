"""What the type checker cannot see."""

from typing import TypeVar

T = TypeVar("T")


def known(value: T | None) -> T:
    """A value that stands here whatever its type allows: an earlier step, or a constraint of the
    database, saw to it."""
    if value is None:
        raise TypeError("nothing stands where a value must")
    return value


def constraint_of(error: BaseException) -> str:
    """The name of the constraint that an ``IntegrityError`` violated; "" if it names none."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
