"""The key by which Chinese names are sorted: their pinyin."""

from pypinyin import Style, lazy_pinyin

MAX_LENGTH = 400


def sort_key(name: str) -> str:
    """Pinyin with tones, then the name itself; a character without a reading sorts as itself."""
    return f"{' '.join(lazy_pinyin(name, style=Style.TONE3, neutral_tone_with_five=True))} {name}"[
        :MAX_LENGTH
    ].lower()
