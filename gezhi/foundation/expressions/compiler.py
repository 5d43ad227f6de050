"""Types checked, then every node turned into one closure over the dict of values.

Emptiness is three-valued as in SQL: a comparison with an empty field is neither true nor false (None);
`None 且 假` is false, `None 或 真` is true, `非 None` is None. 为空 and 不为空 always answer.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from .errors import ExpressionError
from .functions import CONTEXT, FUNCTIONS, WRITTEN, add_days, days_between, finite
from .parser import Parser
from .tokens import unknown_name
from .tree import Between, Binary, Call, Items, Literal, Logic, Name, Node, Unary
from .types import Date, ListOf, Number, Text, Truth, Type, admit, same_family

TODAY = "\0today"
Values = Mapping[str, Any]
Closure = Callable[[Values], Any]
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda item, items: item in items, "not in": lambda item, items: item not in items,
}  # fmt: skip


def _mismatch(node: Node, left: Type, right: Type) -> ExpressionError:
    return ExpressionError(
        "expression.type", node.column, _("第 {column} 个字处：“{left}”和“{right}”不能这样放在一起。"),
        left=left.name, right=right.name,
    )  # fmt: skip


def _fit_choice(choice: Type | None, node: Node) -> None:
    """A text written beside a choice must be one of its values; a label is turned into its value."""
    if choice is None or choice.kind != "choice":
        return
    if isinstance(node, Items):
        for item in node.items:
            _fit_choice(choice, item)
    elif isinstance(node, Literal) and node.of is Text:
        value = choice.value_of(node.value)
        if value is None:
            shown = "、".join([*dict(choice.labels), *choice.values][:12])
            raise ExpressionError(
                "expression.choice", node.column, _("“{value}”不在可选的值里：{choices}。"),
                value=node.value[:40], choices=shown,
            )  # fmt: skip
        node.value = value


def check(node: Node, types: Mapping[str, Type]) -> Type:
    """The static type of `node` (also kept on every node below it); ExpressionError on a mismatch."""
    node.type = _check(node, types)
    return node.type


def _check(node: Node, types: Mapping[str, Type]) -> Type:
    match node:
        case Literal():
            return node.of
        case Name():
            if node.name not in types:
                raise unknown_name(node.name, node.column, types)
            return types[node.name]
        case Items():
            kinds = [check(item, types) for item in node.items]
            if any(not same_family(kinds[0], k) for k in kinds):
                raise ExpressionError("expression.type", node.column, _("列表里的各项要是同一种值。"))
            return ListOf(kinds[0] if kinds else Text)
        case Logic():
            for item in node.items:
                _want(item, types, Truth)
            return Truth
        case Unary(op="not"):
            return _want(node.operand, types, Truth)
        case Unary(op="-"):
            return _want(node.operand, types, Number)
        case Unary():
            check(node.operand, types)
            return Truth
        case Between():
            kinds = [check(n, types) for n in node.parts()]
            if kinds[0].kind not in ("number", "date") or any(k != kinds[0] for k in kinds):
                raise _mismatch(node, kinds[0], next((k for k in kinds if k != kinds[0]), kinds[0]))
            return Truth
        case Call():
            given = [check(n, types) for n in node.arguments]
            result = FUNCTIONS[node.function].types(node.column, given)
            if node.function == "contains":
                _fit_choice(given[0].item, node.arguments[1])
            elif node.function == "first":
                _fit_choice(result, node.arguments[-1])
            return result
        case Binary():
            return _check_binary(node, check(node.left, types), check(node.right, types))
    raise TypeError(f"no such node: {node!r}")


def _want(node: Node, types: Mapping[str, Type], wanted: Type) -> Type:
    given = check(node, types)
    if given != wanted:
        raise ExpressionError(
            "expression.type", node.column, _("第 {column} 个字处要的是“{wanted}”，写的是“{given}”。"),
            wanted=wanted.name, given=given.name,
        )  # fmt: skip
    return wanted


def _check_binary(node: Binary, left: Type, right: Type) -> Type:
    op = node.op
    if op in ("+", "-") and left == Date:
        if right == Number:
            return Date
        if right == Date and op == "-":
            return Number
    elif op in ("+", "-", "*", "/"):
        if left == right == Number:
            return Number
    elif op in ("=", "!="):
        if same_family(left, right):
            _fit_choice(left, node.right)
            _fit_choice(right, node.left)
            return Truth
    elif op in ("in", "not in"):
        if right.kind == "list" and right.item is not None and same_family(left, right.item):
            _fit_choice(left, node.right)
            _fit_choice(right.item, node.left)
            return Truth
    elif left == right and left.kind in ("number", "date"):
        return Truth
    raise _mismatch(node, left, right)


def _closure(node: Node, types: Mapping[str, Type]) -> Closure:
    match node:
        case Literal():
            value = node.value
            return lambda v: value
        case Name():
            return _field(node.name, types[node.name])
        case Items():
            made = [_closure(n, types) for n in node.items]
            return lambda v: tuple(x for x in (m(v) for m in made) if x is not None)
        case Logic():
            return _logic(node.op, [_closure(n, types) for n in node.items])
        case Unary():
            return _unary(node.op, _closure(node.operand, types))
        case Between():
            return _between(*(_closure(n, types) for n in node.parts()))
        case Call():
            return _call(node, [_closure(n, types) for n in node.arguments])
        case Binary():
            return _binary(node, _closure(node.left, types), _closure(node.right, types))
    raise TypeError(f"no such node: {node!r}")


def _field(name: str, type_: Type) -> Closure:
    def read(values: Values) -> Any:
        value = values.get(name)
        # What is stored may be JSON, so every value is brought to its declared type.
        return value if value is None else admit(value, type_, name)

    return read


def _logic(op: str, items: list[Closure]) -> Closure:
    decisive = op == "or"

    def logic(values: Values) -> bool | None:
        unknown = False
        for item in items:
            value = item(values)
            if value is decisive:
                return decisive
            if value is None:
                unknown = True
        return None if unknown else not decisive

    return logic


def _unary(op: str, of: Closure) -> Closure:
    if op == "not":
        return lambda v: None if (x := of(v)) is None else not x
    if op == "-":
        return lambda v: None if (x := of(v)) is None else finite(CONTEXT.minus(x))
    if op == "empty":
        return lambda v: of(v) in (None, ())
    return lambda v: of(v) not in (None, ())


def _between(operand: Closure, low: Closure, high: Closure) -> Closure:
    # The same three values as `operand >= low 且 operand <= high`.
    def at_least(v: Values) -> bool | None:
        x, bound = operand(v), low(v)
        return None if x is None or bound is None else x >= bound

    def at_most(v: Values) -> bool | None:
        x, bound = operand(v), high(v)
        return None if x is None or bound is None else x <= bound

    return _logic("and", [at_least, at_most])


def _binary(node: Binary, left: Closure, right: Closure) -> Closure:
    op = node.op
    compare = COMPARE.get(op) or _arithmetic(op, node.left.type, node.right.type)

    def binary(values: Values) -> Any:
        a = left(values)
        if a is None:
            return None
        b = right(values)
        return None if b is None else compare(a, b)

    return binary


def _arithmetic(op: str, left: Type | None, right: Type | None) -> Callable[[Any, Any], Any]:
    if left == Date:
        if right == Date:
            return lambda a, b: days_between(b, a)
        return add_days if op == "+" else lambda a, b: add_days(a, -b)
    act = {"+": CONTEXT.add, "-": CONTEXT.subtract, "*": CONTEXT.multiply, "/": CONTEXT.divide}[op]
    return lambda a, b: finite(act(a, b))


def _call(node: Call, arguments: list[Closure]) -> Closure:
    name = node.function
    if name == "today":
        return _today
    if name == "if":
        condition, yes, no = arguments

        def choose(values: Values) -> Any:
            truth = condition(values)
            return None if truth is None else (yes if truth else no)(values)

        return choose
    if name == "first":
        return lambda v: next((x for x in (a(v) for a in arguments) if x is not None), None)
    apply = FUNCTIONS[name].apply
    assert apply is not None
    if FUNCTIONS[name].needs_today and len(arguments) == 1:
        arguments = [*arguments, _today]

    def call(values: Values) -> Any:
        given = []
        for argument in arguments:
            value = argument(values)
            if value is None:
                return None
            given.append(value)
        return apply(*given)

    return call


def _today(values: Values) -> dt.date:
    given = values.get(TODAY)
    if given is not None:
        return given
    from gezhi.foundation.calendar import clock  # late: most programs never ask for the day

    return clock.today()


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression. `reads`: names of fields; `cost`: number of nodes, the bound of its work
    (a list item or 1,000 characters count as one step more); `needs_today`: whether the day matters."""

    source: str
    reads: frozenset[str]
    type: Type
    cost: int
    needs_today: bool
    tree: Node
    run: Closure

    def __call__(self, values: Values, *, today: dt.date | None = None) -> Any:
        """The value for these fields, None when it is empty or unknown.

        Fields not given are empty. Raises ExpressionError("expression.value") when a value is not of its
        field's declared type. `today` defaults to the clock's date in Shanghai.
        """
        if today is not None:
            values = {**values, TODAY: today}
        return self.run(values)

    def holds(self, values: Values, *, today: dt.date | None = None) -> bool:
        """Whether the condition is certainly true: an unknown one does not hold."""
        return self(values, today=today) is True


def walk(node: Node):
    """`node` and everything below it."""
    yield node
    for part in node.parts():
        yield from walk(part)


def compile(
    source: str,
    types: Mapping[str, Type],
    *,
    expect: Type | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Program:
    """Compile `source` against the declared fields.

    `types` maps field names to types, `aliases` maps further names (titles) to them, `expect` is the type the
    result must have (Truth for a condition). Raises ExpressionError, and nothing else, for any text.
    The same source against the same types is compiled once per process.
    """
    titles = tuple((k, v) for k, v in (aliases or {}).items() if k not in types)
    return _compiled(source, tuple(types.items()), expect, titles)


@lru_cache(maxsize=2048)
def _compiled(
    source: str,
    declared: tuple[tuple[str, Type], ...],
    expect: Type | None,
    titles: tuple[tuple[str, str], ...],
) -> Program:
    types = dict(declared)
    tree = Parser(source, types.keys(), WRITTEN, dict(titles)).parse()
    result = check(tree, types)
    if expect is not None and result.kind != expect.kind and not same_family(result, expect):
        raise ExpressionError(
            "expression.result", 0, _("这里要的是“{wanted}”，表达式给出的是“{given}”。"),
            wanted=expect.name, given=result.name,
        )  # fmt: skip
    if expect is not None:
        _fit_choice(expect, tree)
    nodes = list(walk(tree))
    return Program(
        source=source,
        reads=frozenset(n.name for n in nodes if isinstance(n, Name)),
        type=result,
        cost=len(nodes),
        needs_today=any(
            isinstance(n, Call) and FUNCTIONS[n.function].needs_today and len(n.arguments) < 2 for n in nodes
        ),
        tree=tree,
        run=_closure(tree, types),
    )
