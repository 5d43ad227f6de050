"""The small language of rules: typed, bounded, readable aloud (docs/rules/expressions.md).

`compile(source, types) -> Program`; `program(values) -> value`; `program.holds(values) -> bool`;
`exhaustive_and_disjoint(guards, types) -> Counterexample | None`.
"""

from .compiler import Program, compile
from .errors import ExpressionError
from .proof import Counterexample, cells, describe, exhaustive_and_disjoint
from .types import Choice, Date, ListOf, Number, Text, Truth, Type, admit, same_family

__all__ = [
    "Choice", "Counterexample", "Date", "ExpressionError", "ListOf", "Number", "Program", "Text", "Truth", "Type",
    "admit", "cells", "compile", "describe", "exhaustive_and_disjoint", "same_family",
]  # fmt: skip
