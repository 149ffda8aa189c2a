"""Personal data as it stands in lists, exports and events."""


def mask(text: str) -> str:
    """138****1234: the first three and the last four characters."""
    if len(text) <= 7:
        return "*" * len(text)
    return f"{text[:3]}{'*' * 4}{text[-4:]}"


def mask_email(email: str) -> str:
    """z***@example.org: the first letter and the domain."""
    local, at, domain = email.partition("@")
    return f"{local[:1]}***{at}{domain}"
