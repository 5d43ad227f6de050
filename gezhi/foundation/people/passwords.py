"""What makes a password acceptable. Length counts; composition rules do not, for they only make `Abc@1234`."""

from __future__ import annotations

import secrets
import unicodedata

from django.utils.translation import gettext_lazy as _

from . import refusals

LEAST, MOST = 10, 128
SHARED = _("两个人不能用同一个密码。")
DEMO_PASSWORD = "gezhi-demo"

# Words that make up most guessed passwords here; one of them plus digits is still one of them.
_COMMON = frozenset(
    {
        "password",
        "passw0rd",
        "admin",
        "administrator",
        "qwerty",
        "qwertyuiop",
        "asdfgh",
        "asdfghjkl",
        "zxcvbn",
        "iloveyou",
        "woaini",
        "woaini1314",
        "welcome",
        "letmein",
        "gezhi",
        "mengzhou",
        "jiaozuo",
        "shequ",
        "wangge",
        "zongzhi",
        "zhengfu",
    }
)
_ROWS = ("0123456789012345", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb")


def one_time() -> str:
    """A password to hand over on paper: four groups of five, about 99 bits, no characters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def check(password: str, *, username: str | None = None, synthetic: bool = False) -> None:
    """Raises Invalid password.weak with the reason. The demo password is for synthetic people only."""
    plain = unicodedata.normalize("NFKC", password)
    if synthetic and plain == DEMO_PASSWORD:
        return
    if not LEAST <= len(plain) <= MOST:
        raise refusals.PASSWORD_WEAK(reason=_("密码要有 10 到 128 位。"))
    lower = plain.lower()
    if len(set(lower)) < 5:
        raise refusals.PASSWORD_WEAK(reason=_("密码里不同的字符太少。"))
    if username and (username.lower() in lower or lower in username.lower()):
        raise refusals.PASSWORD_WEAK(reason=_("密码里含有登录名。"))
    if _is_run(lower):
        raise refusals.PASSWORD_WEAK(reason=_("密码是键盘或数字的顺序。"))
    letters = "".join(char for char in lower if char.isalpha())
    if letters in _COMMON or lower == DEMO_PASSWORD:
        raise refusals.PASSWORD_WEAK(reason=_("密码是很多人在用的词。"))
    if not letters and _looks_like_number(lower):
        raise refusals.PASSWORD_WEAK(reason=_("密码像电话、生日或证件号。"))


def _is_run(text: str) -> bool:
    """Whether most of it lies in order along a keyboard row or the alphabet, in either direction."""
    rows = [*_ROWS, *(row[::-1] for row in _ROWS)]
    longest = 0
    for start in range(len(text)):
        end = start + 1
        while end <= len(text) and any(text[start:end] in row for row in rows):
            longest = max(longest, end - start)
            end += 1
    return longest * 2 >= len(text) and longest >= 5


def _looks_like_number(text: str) -> bool:
    return all(char.isdigit() or char in "-/. " for char in text) and sum(map(str.isdigit, text)) <= 18
