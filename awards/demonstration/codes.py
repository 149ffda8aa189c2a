"""Credit codes (统一社会信用代码) and ID numbers of fictional organisations and people, valid in their
check digits."""

from random import Random

from stdnum.cn import ric, uscc

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(random: Random, head: str, district: str) -> str:
    """``head`` names the registering authority and kind, ``district`` the six digits of its place.

    >>> uscc.is_valid(credit_code(Random(1), "91", "320113"))
    True
    """
    body = "MA" + "".join(random.choice(_ALPHABET[:10]) for _digit in range(6))
    code = f"{head}{district}{body}{_organisation_check(body)}"
    return code + uscc.calc_check_digit(code)


def id_number(random: Random) -> str:
    """An ID number of nobody in particular: valid in form, born on a first of January.

    >>> id_number(Random(1))[6:14]
    '19690101'
    """
    body = f"3201{random.choice(('02', '04', '05', '06'))}{random.randint(1965, 1998)}0101"
    number = f"{body}{random.randint(0, 999):03}"
    # The library leaves out the last digit of what it is given.
    return number + ric.calc_check_digit(f"{number}0")


def _organisation_check(body: str) -> str:
    """The check digit of the organisation's code (GB 11714)."""
    values = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(char) for char in body)
    rest = 11 - sum(v * w for v, w in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))
