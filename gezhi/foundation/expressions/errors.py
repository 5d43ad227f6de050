"""The one error this room raises, for a text that is no expression and for a value of the wrong type."""

from __future__ import annotations

from typing import Any

from django.utils.text import format_lazy


class ExpressionError(ValueError):
    """Why an expression was not accepted.

    `code` is stable ("expression.name"), `column` counts characters of the source from 1
    (0: the whole text), `words` is a lazy sentence in the reader's language,
    formatted with `column` and the `facts`.
    """

    def __init__(self, code: str, column: int, words: Any, /, **facts: Any) -> None:
        self.code = code
        self.column = column
        self.words = format_lazy(words, column=column, **facts)
        super().__init__(code, column)

    def __str__(self) -> str:
        return f"{self.column}: {self.words} ({self.code})"
