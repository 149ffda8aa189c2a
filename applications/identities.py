"""Which subject a case stands for: this centre, that result (``policy.schema.Identity``).

Written with the case at its submission, so that caps and rules of stacking find it by a key that
no later edit moves.
"""

import hashlib
import re
import unicodedata

from applications.content import Content


def subjects(content: Content) -> dict[str, str]:
    """Subject by ``Identity.key``, of every identity of the definition that the case answers."""
    found: dict[str, str] = {}
    for identity in content.schema.identities:
        value = content.values.get(identity.field)
        if value in (None, "", []):
            continue
        within = "" if identity.across else f"{content.application.organisation.uid}~"
        found[identity.key] = f"{within}{digest(str(value))}"
    return found


def digest(answer: str) -> str:
    """The same for answers that differ in width, case, spaces and punctuation alone.

    A patent's number is the same with ZL or CN before it and without.
    """
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", answer)).casefold()
    plain = re.sub(r"^(zl|cn)(?=\d)", "", plain)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
