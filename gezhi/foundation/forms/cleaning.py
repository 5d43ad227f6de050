"""Text as it may be kept: NFC, no control characters, nothing that changes the order of reading.

Emoji stay, zero-width characters (a way to make two equal-looking texts differ) are removed, bidirectional
overrides (a way to make a text read as another) and control characters are refused.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext_lazy as _

BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
ZERO_WIDTH = frozenset("\u200b\u200c\u2060\ufeff\u00ad\u180e\u2061\u2062\u2063\u2064\u034f")
JOINER = "\u200d"
MAX_MARKS = 8
# ASCII, Chinese characters and the usual Chinese punctuation: no marks, no joiners, nothing hidden.
PLAIN = re.compile("[\\n\\t -~·‘-”…—\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e]*")


class Refused(ValueError):
    """Why a value was not accepted: `code` ("form.control") and a lazy sentence with its facts."""

    def __init__(self, code: str, words: object, /, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.words = words
        self.facts = facts

    def __str__(self) -> str:
        return str(self.words).format_map({k: str(v) for k, v in self.facts.items()})


def clean_text(written: str, *, max: int, lines: bool) -> str:
    """`written` normalised and trimmed, at most `max` characters; line ends kept as \\n only with `lines`.

    Raises Refused: form.control, form.bidi, form.unreadable (half a surrogate pair), form.long.
    """
    # Normalising costs; what is hopelessly long is refused before.
    if len(written) > 4 * max + 400:
        raise Refused("form.long", _("太长了：最多 {max} 个字，现在 {count} 个。"), max=max, count=len(written))
    text = unicodedata.normalize("NFC", written.replace("\r\n", "\n").replace("\r", "\n"))
    if PLAIN.fullmatch(text):
        # Nearly every text: nothing in it needs a second look.
        text = (text if lines else text.replace("\n", " ").replace("\t", " ")).strip()
        if len(text) > max:
            raise Refused("form.long", _("太长了：最多 {max} 个字，现在 {count} 个。"), max=max, count=len(text))
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        if char == "\n" or char == "\t":
            kept.append(char if lines else " ")
            continue
        if char in BIDI:
            raise Refused("form.bidi", _("里面有改变文字方向的隐藏字符，请删掉或重新输入。"))
        if char in ZERO_WIDTH or "\U000e0000" <= char <= "\U000e007f":
            continue
        category = unicodedata.category(char)
        if category == "Cc":
            raise Refused("form.control", _("里面有看不见的控制字符，请删掉或重新输入。"))
        if category == "Cs" or (ord(char) & 0xFFFE) == 0xFFFE:
            raise Refused("form.unreadable", _("里面有读不出来的字符，请重新输入。"))
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            raise Refused("form.unreadable", _("里面有读不出来的字符，请重新输入。"))
        kept.append(" " if category in ("Zl", "Zp") else char)
    text = _joined("".join(kept)).strip()
    if len(text) > max:
        raise Refused("form.long", _("太长了：最多 {max} 个字，现在 {count} 个。"), max=max, count=len(text))
    return text


def _joined(text: str) -> str:
    """Joiners stay only between emoji (👨‍👩‍👧), where they make one sign of several."""
    if JOINER not in text:
        return text
    out: list[str] = []
    for at, char in enumerate(text):
        if char == JOINER:
            before = text[at - 1] if at else ""
            after = text[at + 1] if at + 1 < len(text) else ""
            if not (_emoji(before) and _emoji(after)):
                continue
        out.append(char)
    return "".join(out)


def _emoji(char: str) -> bool:
    return bool(char) and (unicodedata.category(char) in ("So", "Sk") or char == "\ufe0f")
