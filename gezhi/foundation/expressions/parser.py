"""From tokens to the whitelisted tree, by precedence climbing.

Our own parser rather than Python's: it names the column and the fault in the reader's language, never
turns 0.1 into a binary float, and its depth and size are bounded here (docs/adr/0040).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from .errors import ExpressionError
from .tokens import Token, tokens_of
from .tree import Between, Binary, Call, Items, Literal, Logic, Name, Node, Unary
from .types import Date, Number, Text, Truth

MAX_NODES = 300
MAX_DEPTH = 24
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class Parser:
    """One source text being read. `names` are fields (after aliases), `functions` maps written to canonical."""

    def __init__(
        self, source: str, names: Collection[str], functions: Mapping[str, str], aliases: Mapping[str, str]
    ) -> None:
        self.functions = functions
        self.aliases = aliases
        self.names = names
        self.tokens = tokens_of(source, {*names, *functions, *aliases})
        self.at = 0
        self.nodes = 0
        self.depth = 0

    def parse(self) -> Node:
        """The whole text as one tree; ExpressionError when anything is left over or missing."""
        node = self._or()
        if self._now.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _now(self) -> Token:
        return self.tokens[self.at]

    def _take(self, *kinds: str) -> Token | None:
        token = self._now
        if token.kind not in kinds:
            return None
        self.at += 1
        return token

    def _made(self, node: Node) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ExpressionError("expression.size", node.column, _("表达式超过 {max} 项，请拆开来写。"), max=MAX_NODES)
        return node

    def _unexpected(self) -> ExpressionError:
        token = self._now
        if token.kind == "end":
            return ExpressionError("expression.unfinished", token.column, _("表达式没有写完。"))
        return ExpressionError(
            "expression.unexpected", token.column, _("第 {column} 个字“{word}”不该出现在这里。"),
            word=token.written[:40],
        )  # fmt: skip

    def _expect(self, kind: str, sign: str) -> Token:
        token = self._take(kind)
        if token is None:
            raise ExpressionError(
                "expression.expected", self._now.column, _("第 {column} 个字处缺一个“{sign}”。"),
                sign=sign,
            )  # fmt: skip
        return token

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(
                "expression.depth", self._now.column, _("表达式套得太深或连得太长，最多 {max} 层。"), max=MAX_DEPTH
            )

    def _or(self) -> Node:
        self._deeper()
        node = self._chain("or", lambda: self._chain("and", self._not))
        self.depth -= 1
        return node

    def _chain(self, op: str, below) -> Node:
        first = below()
        items = [first]
        while self._take(op):
            items.append(below())
        if len(items) == 1:
            return first
        return self._made(Logic(first.column, op, tuple(items)))

    def _not(self) -> Node:
        token = self._take("not")
        if token is None:
            return self._comparison()
        if self._take("in"):
            raise ExpressionError("expression.unexpected", token.column, _("“不属于”前面要有一个字段。"))
        self._deeper()
        operand = self._not()
        self.depth -= 1
        return self._made(Unary(token.column, "not", operand))

    def _comparison(self) -> Node:
        left = self._sum()
        token = self._now
        if self._take(*COMPARISONS) or self._take("in", "not in"):
            node = self._made(Binary(token.column, token.kind, left, self._sum()))
        elif token.kind == "not" and self.tokens[self.at + 1].kind in ("in", "between"):
            self.at += 1
            if self._take("in"):
                node = self._made(Binary(token.column, "not in", left, self._sum()))
            else:
                self.at += 1
                node = self._made(Unary(token.column, "not", self._between(left, token)))
        elif self._take("between"):
            node = self._between(left, token)
        elif self._take("empty", "not empty"):
            node = self._made(Unary(token.column, token.kind, left))
        else:
            return left
        if self._now.kind in (*COMPARISONS, "in", "between"):
            raise ExpressionError(
                "expression.chain", self._now.column, _("比较不能连着写，请写成“甲 介于 乙 和 丙”，或用“且”连接。")
            )
        return node

    def _between(self, left: Node, token: Token) -> Node:
        low = self._sum()
        if not self._take("to", "and"):
            raise ExpressionError("expression.expected", self._now.column, _("“介于”要写两头：甲 介于 乙 和 丙。"))
        return self._made(Between(token.column, left, low, self._sum()))

    def _sum(self) -> Node:
        return self._left_to_right(("+", "-"), lambda: self._left_to_right(("*", "/"), self._unary))

    def _left_to_right(self, signs: tuple[str, ...], below) -> Node:
        node = below()
        levels = 0
        while token := self._take(*signs):
            # Each further term makes the tree one level deeper to the left.
            levels += 1
            self._deeper()
            node = self._made(Binary(token.column, token.kind, node, below()))
        self.depth -= levels
        return node

    def _unary(self) -> Node:
        token = self._take("-")
        if token is None:
            return self._primary()
        self._deeper()
        operand = self._unary()
        self.depth -= 1
        if isinstance(operand, Literal) and operand.of is Number:
            return Literal(token.column, -operand.value, Number)
        return self._made(Unary(token.column, "-", operand))

    def _primary(self) -> Node:
        token = self._now
        self.at += 1
        match token.kind:
            case "number":
                value = token.value
                while self._take("%"):
                    value = value / 100
                return self._made(Literal(token.column, value, Number))
            case "text":
                return self._made(Literal(token.column, token.value, Text))
            case "date":
                return self._made(Literal(token.column, token.value, Date))
            case "true" | "false":
                return self._made(Literal(token.column, token.kind == "true", Truth))
            case "nothing":
                raise ExpressionError(
                    "expression.nothing", token.column, _("“空”不能当值来比，请写成“字段 为空”或“字段 不为空”。")
                )
            case "name":
                return self._named(token)
            case "(":
                node = self._or()
                self._expect(")", ")")
                return node
            case "[":
                items = self._list("]")
                return self._made(Items(token.column, items))
        self.at -= 1
        raise self._unexpected()

    def _named(self, token: Token) -> Node:
        name = self.aliases.get(token.value, token.value)
        if name in self.names and self._now.kind != "(":
            return self._made(Name(token.column, name))
        function = self.functions.get(token.value)
        if function is None:
            raise ExpressionError(
                "expression.function", token.column, _("“{name}”是字段，不是函数，后面不能有括号。"), name=token.value
            )
        if self._take("("):
            return self._made(Call(token.column, function, self._list(")")))
        if function == "today":
            return self._made(Call(token.column, function, ()))
        raise ExpressionError(
            "expression.expected", self._now.column, _("函数“{name}”后面要有括号。"), name=token.value
        )

    def _list(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        if self._take(closing):
            return ()
        while True:
            items.append(self._or())
            if self._take(closing):
                return tuple(items)
            if not self._take(","):
                raise ExpressionError(
                    "expression.expected", self._now.column, _("第 {column} 个字处缺一个“{sign}”。"),
                    sign=closing,
                )  # fmt: skip
