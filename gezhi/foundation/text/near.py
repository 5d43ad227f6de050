"""How alike two texts are, told from sketches that hold no words: the smallest keyed hashes of their pairs of letters.

A sketch keeps at most KEEP hashes of 32 bits (a bottom-k sketch) of a matter's first HEAD letters.
Likeness is Jaccard's, weighted: pairs that many of the compared texts share, and the phrases in which everybody
complains, weigh little; the name of a street and what is broken weigh much. docs/rules/duplicates.md
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from gezhi.foundation.people import crypto
from gezhi.foundation.text import tokens

KEEP = 64
HEAD = 60  # letters that are looked at: how people begin says what and where; the rest is how it came about
FAINT = 0.15  # weight of a pair from a phrase that everybody uses, beside 1 for others
# How people begin, beg and complain, whatever the matter is.
PHRASES = (
    "尊敬的领导您好 请问 希望有关部门 相关部门 政府部门 尽快解决处理 我们 小区居民 业主们 投诉反映 举报 问题 严重影响 谢谢 你好 现在 "
    "什么时候 为什么 没有 这个一直 已经 非常 能否 请求 管理 日常生活 老百姓 市民 附近 旁边 晚上 每天 今天 昨天 早上 下午 怎么回事 怎么办 "
    "没人管 没人来 麻烦 派人来看看 修一下 安全隐患 存在 影响正常休息 多次 不知道 是不是 可以 如果 因为 所以 但是 而且 加快 力度 建设 "
    "重视 关注 恳请 盼望 望领导 给予答复 回复 有没有 坏了 不亮了 几天了 好几天 一个星期"
)


def sketch(text: str) -> bytes:
    """The sketch of a text: sorted 32-bit numbers, big-endian. Empty for a text without letters or digits."""
    return b"".join(sorted(_hashes(text))[:KEEP])


def _hashes(text: str) -> set[bytes]:
    row = tokens.units(text[:HEAD])
    pairs = {f"{a.folded}\x1f{b.folded}" for a, b in zip(row, row[1:], strict=False) if a.run == b.run}
    pairs |= {u.folded for u in row if u.folded.isascii()}  # numbers of houses and lamps, names in Latin letters
    key = _key()
    return {_hash(key, pair) for pair in pairs}


def _key() -> bytes:
    return crypto.derived_key("near/sketch/1")


@lru_cache(maxsize=100_000)
def _hash(key: bytes, pair: str) -> bytes:
    return hashlib.blake2b(pair.encode("utf-8", "surrogatepass"), digest_size=4, key=key).digest()


@lru_cache(maxsize=2)
def _faint(key: bytes) -> frozenset[int]:
    return frozenset(int.from_bytes(one, "big") for phrase in PHRASES.split() for one in _hashes(phrase))


def likenesses(mine: bytes, others: Sequence[bytes]) -> list[float]:
    """For each of the others 0..1, in their order. Pairs are weighed by how rare they are among all that is given."""
    own, rows = _numbers(mine), [_numbers(other) for other in others]
    if not own:
        return [0.0] * len(rows)
    spread: Counter[int] = Counter(number for row in rows for number in row)
    spread.update(own)
    faint, texts = _faint(_key()), len(rows) + 1
    # A dozen reports of one burst pipe must not make its words common: what half of few texts share still counts.
    weight = {
        number: math.log(1 + (texts + 20) / (count + 2)) * (FAINT if number in faint else 1.0)
        for number, count in spread.items()
    }
    mine_set = set(own)
    return [_alike(own, mine_set, row, weight) for row in rows]


def _alike(own: Sequence[int], mine: set[int], other: Sequence[int], weight: dict[int, float]) -> float:
    both = [number for number in other if number in mine]
    if len(both) < 2:
        return 0.0
    # Only what lies below the end of both samples can be compared.
    ends = [row[-1] for row in (own, other) if len(row) == KEEP]
    if ends:
        end = min(ends)
        both = [number for number in both if number <= end]
        own = [number for number in own if number <= end]
        other = [number for number in other if number <= end]
    shared = sum(weight[number] for number in both)
    union = sum(weight[n] for n in own) + sum(weight[n] for n in other) - shared
    return shared / union if union else 0.0


def _numbers(sketched: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(sketched) // 4}I", sketched)
