"""The exceptions. Rooms raise them; interfaces translate them once, in middleware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from .catalogue import ALL, Entry, register


class Refusal(Exception):
    """A request that is understood and not done.

    `code`: stable, e.g. "case.stale"; must be registered. `http`: status. `what`, `why`, `next`:
    sentences in the active language, filled with `facts`. `field_errors`: field id -> sentence.
    """

    default_code = register("refused", 400, _("这件事没有办成。"), _("系统没有接受这次请求。"), _("请核对后再试。"))

    def __init__(
        self,
        code: str | None = None,
        *,
        field_errors: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        self.entry: Entry = ALL[code or self.default_code]
        self.field_errors: dict[str, Any] = dict(field_errors or {})
        self.facts: dict[str, Any] = facts
        super().__init__(self.entry.code)

    @property
    def code(self) -> str:
        return self.entry.code

    @property
    def http(self) -> int:
        return self.entry.http

    @property
    def what(self) -> str:
        return self._say(self.entry.what)

    @property
    def why(self) -> str:
        return self._say(self.entry.why)

    @property
    def next(self) -> str:
        return self._say(self.entry.next)

    def _say(self, sentence: Any) -> str:
        return str(sentence).format_map({name: str(value) for name, value in self.facts.items()})

    def __str__(self) -> str:
        detail = "".join(f" {field}: {words}" for field, words in self.field_errors.items())
        return f"[{self.code}] {self.what}{detail}"


class NotFound(Refusal):
    default_code = register(
        "not_found", 404, _("没有找到。"), _("这个地址或编号不存在，或者已经撤下。"), _("请核对后再试。")
    )


class NotAllowed(Refusal):
    default_code = register(
        "not_allowed",
        403,
        _("您现在的岗位不能做这件事。"),
        _("这项权限不在您的岗位或辖区之内。"),
        _("请找有这项权限的岗位办理。"),
    )


class SignInNeeded(Refusal):
    default_code = register(
        "sign_in_needed", 401, _("请先登录。"), _("这里只对工作人员开放。"), _("登录后会回到这一页。")
    )


class Invalid(Refusal):
    """`field_errors` says what is wrong at which field."""

    default_code = register(
        "invalid",
        422,
        _("有几处需要改一下。"),
        _("填写的内容没有通过检查。"),
        _("改好标出的地方再交一次，已填的内容还在。"),
    )


class Conflict(Refusal):
    default_code = register(
        "conflict", 409, _("这件事已经变了。"), _("在您打开之后，有人先做了改动。"), _("请看一眼最新的情况再办。")
    )


class TooMany(Refusal):
    """`retry_after`: seconds until it is worth trying again."""

    default_code = register(
        "too_many",
        429,
        _("请稍等一下。"),
        _("短时间内请求太多。"),
        _("请在 {retry_after} 秒后再试，已填的内容不会丢。"),
    )

    def __init__(self, code: str | None = None, *, retry_after: int, **facts: Any) -> None:
        super().__init__(code, retry_after=retry_after, **facts)
        self.retry_after = retry_after


class TooLarge(Refusal):
    default_code = register(
        "too_large", 413, _("内容太大了。"), _("超过了一次能收下的大小。"), _("请缩小或分几次再交。")
    )


class Unavailable(Refusal):
    default_code = register(
        "unavailable",
        503,
        _("系统暂时用不了。"),
        _("后台有一部分没有应答。"),
        _("请过一会儿再试，已经交上来的不会丢。"),
    )


@dataclass(frozen=True)
class Problem:
    """One flaw of a pack: where (file, line from 1), which rule (code), in words, and a trace if there is one."""

    file: str
    line: int
    code: str
    words: Any
    trace: tuple[Any, ...] = ()

    def __str__(self) -> str:
        head = f"{self.file}:{self.line}: {self.words} [{self.code}]"
        return "\n    ".join([head, *map(str, self.trace)])


class Flawed(Refusal):
    """A pack that may not be used; `problems` lists everything found, not only the first."""

    default_code = register(
        "pack.flawed",
        422,
        _("工作包有 {count} 处问题，没有装上。"),
        _("定义没有通过检查。"),
        _("按列出的文件和行改好后再装。"),
    )

    def __init__(self, problems: Sequence[Problem], code: str | None = None, **facts: Any) -> None:
        super().__init__(code, count=len(problems), **facts)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


def as_json(refusal: Refusal) -> dict[str, Any]:
    """{"error": {"code", "what", "why", "next", "fields"}} in the active language."""
    return {
        "error": {
            "code": refusal.code,
            "what": refusal.what,
            "why": refusal.why,
            "next": refusal.next,
            "fields": {name: str(words) for name, words in refusal.field_errors.items()},
        }
    }
