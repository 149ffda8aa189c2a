"""How a reader wants the pages: 大字版 and 高对比, remembered in a cookie for a year."""

from dataclasses import dataclass, replace

COOKIE = "display"
COOKIE_AGE_S = 31_536_000
OPTIONS = ("large", "contrast")


@dataclass(frozen=True)
class Display:
    large: bool = False
    contrast: bool = False

    @classmethod
    def of(cls, request) -> "Display":
        chosen = request.COOKIES.get(COOKIE, "").split(".")
        return cls(**{option: option in chosen for option in OPTIONS})

    def toggled(self, option: str) -> "Display":
        """The same with the option the other way round; an unknown option changes nothing."""
        if option not in OPTIONS:
            return self
        return replace(self, **{option: not getattr(self, option)})

    def as_cookie(self) -> str:
        return ".".join(option for option in OPTIONS if getattr(self, option))
