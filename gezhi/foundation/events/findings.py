"""What verify can say, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

# code -> sentence; {facts} are filled in. Findings first, then what is only information.
WORDS: dict[str, Any] = {
    "event.altered": _("{stream} 第 {seq} 条记录（{kind}）的内容被改动，与它的指纹不符。"),
    "event.rewritten": _("{stream} 第 {seq} 条记录连同指纹被改写，与封存的不同。"),
    "event.swapped": _("{stream} 第 {seq} 条记录的位置上，是本属 {other} 的记录：两条被调换。"),
    "event.order": _("{stream} 第 {seq} 条记录在区块 {position} 里的先后被改动。"),
    "event.removed": _("{stream} 第 {seq} 条记录不见了。"),
    "event.tail_removed": _("{stream} 末尾的记录被删：当前状态到第 {seq} 条，记录只到第 {last} 条。"),
    "event.unsealed": _("{stream} 第 {seq} 条记录插在已封存的区块 {position} 里，封存时没有它。"),
    "chain.broken": _("{stream} 第 {seq} 条记录接不上它前面的一条。"),
    "stream.removed": _("{stream} 的全部记录都不见了。"),
    "state.altered": _("{stream} 的当前状态被改动，与记录不符：{fields}。"),
    "state.head": _("{stream} 的当前状态指向第 {seq} 条记录，指纹却与那一条不符。"),
    "state.behind": _("{stream} 的当前状态停在第 {seq} 条，记录已到第 {last} 条。"),
    "state.missing": _("{stream} 有记录，当前状态却不见了。"),
    "state.no_events": _("{stream} 有当前状态，却没有任何记录。"),
    "part.altered": _("{stream} 的 {part} 被改动，与记录不符：{fields}。"),
    "part.missing": _("{stream} 的 {part} 在记录里有，现在却不见了。"),
    "part.no_events": _("{stream} 的 {part} 没有任何记录提到。"),
    "book.balance": _("{stream} 的余额被改动，与它的每一笔加起来不符。"),
    "book.unbalanced": _("{stream} 的两边不平。"),
    "round.digest": _("{stream} 封存的成绩被改动，与封存指纹不符。"),
    "block.altered": _("区块 {position} 的内容被改动，与它的根不符。"),
    "block.broken": _("区块 {position} 接不上它前面的一块。"),
    "block.removed": _("区块 {position} 不见了。"),
    "block.count": _("区块 {position} 封存时有 {sealed} 条记录，现在有 {found} 条。"),
    "block.root": _("区块 {position} 的记录与封存时不同：重算的根不符。"),
    "roots.differ": _("区块 {position} 的根与导出文件 {file} 里的不同。"),
    "roots.ahead": _("导出文件 {file} 记到区块 {position}，数据库只到 {last}：数据库被截短，或是从旧备份恢复。"),
    "roots.missing": _("导出文件 {file} 里没有区块 {position}。"),
    "roots.restored": _("{at} 起接受了恢复后的数据，从区块 {position} 往后重新计：{ground}。"),
    "private.altered": _("{stream} 第 {seq} 条记录所指的私密文字（编号 {id}）被改动。"),
    "private.missing": _("{stream} 第 {seq} 条记录所指的私密文字（编号 {id}）不见了，也没有抹除记录。"),
    "private.returned": _("已依法抹除的私密文字（编号 {id}，{stream}）又出现了：请运行 gezhi erasures replay。"),
    "private.erased": _("{stream} 有 {count} 段私密文字已依法抹除。"),
}

INFORMATION = frozenset({"private.erased", "roots.restored"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing verify found. `stream` and `seq` are empty for a block or an export; `facts` fill `words`."""

    code: str
    stream: str = ""
    seq: int | None = None
    facts: tuple[tuple[str, Any], ...] = ()

    @property
    def words(self) -> str:
        return str(WORDS[self.code]).format(stream=self.stream, seq=self.seq, **dict(self.facts))

    def __str__(self) -> str:
        return f"[{self.code}] {self.words}"


def finding(code: str, stream: str = "", seq: int | None = None, **facts: Any) -> Finding:
    return Finding(code, stream, seq, tuple(sorted(facts.items())))


@dataclass(slots=True)
class Report:
    """`findings`: what is wrong. `information`: what is lawful and worth knowing.

    `events`, `blocks`: how many were read. `seconds`: how long it took. `omitted`: findings beyond the
    first thousand of one part, which are only counted.
    """

    findings: list[Finding] = field(default_factory=list)
    information: list[Finding] = field(default_factory=list)
    events: int = 0
    blocks: int = 0
    seconds: float = 0.0
    omitted: int = 0

    @property
    def clean(self) -> bool:
        return not self.findings
