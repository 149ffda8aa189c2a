"""Public identifiers: random, so that no URL tells how many there are or what comes next."""

import secrets

# Crockford's base 32 in lower case: no i, l, o, u.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
UID_LENGTH = 12


def new_uid() -> str:
    """A random identifier of 12 characters (60 bits) for use in URLs."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(UID_LENGTH))
