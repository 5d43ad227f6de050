"""The whitelisted tree: everything an expression can be made of, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .types import Type


@dataclass(slots=True)
class Node:
    """A piece of an expression; `column` from 1, `type` is set by the type check."""

    column: int
    type: Type | None = field(default=None, init=False, compare=False)

    def parts(self) -> tuple[Node, ...]:
        """The pieces directly below."""
        return ()


@dataclass(slots=True)
class Literal(Node):
    """A number, text, date or truth written in the source; `of` is its type."""

    value: Any
    of: Type


@dataclass(slots=True)
class Name(Node):
    """A declared field."""

    name: str


@dataclass(slots=True)
class Items(Node):
    """A list written in the source."""

    items: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.items


@dataclass(slots=True)
class Unary(Node):
    """`op` is "-", "not", "empty" or "not empty"."""

    op: str
    operand: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(slots=True)
class Binary(Node):
    """Arithmetic + - * /, comparison = != < <= > >=, membership "in" and "not in"."""

    op: str
    left: Node
    right: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(slots=True)
class Logic(Node):
    """`op` is "and" or "or" over two or more items."""

    op: str
    items: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.items


@dataclass(slots=True)
class Between(Node):
    """Both ends belong to the range."""

    operand: Node
    low: Node
    high: Node

    def parts(self) -> tuple[Node, ...]:
        return (self.operand, self.low, self.high)


@dataclass(slots=True)
class Call(Node):
    """A function of functions.py, by its canonical English name."""

    function: str
    arguments: tuple[Node, ...]

    def parts(self) -> tuple[Node, ...]:
        return self.arguments
