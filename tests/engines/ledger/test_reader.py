"""What a ledger may not say is refused with the line that says it, in words."""

from __future__ import annotations

import pytest

from gezhi.engines.ledger.reader import read_ledger
from gezhi.foundation import expressions as ex
from gezhi.foundation.errors import Flawed
from gezhi.foundation.packs import Context, read_yaml

GOOD = """\
ledger: shop
title: {zh: 店}
see: [officer]
close: [secretary]
assets: [{id: point, title: {zh: 分}, scale: 0}, {id: piece, title: {zh: 件}}]
accounts:
  - {id: mine, title: {zh: 本人}, asset: point, holder: subject, register: family, at_least: 0, reward: true}
  - {id: walker, title: {zh: 同事}, asset: point, holder: person, at_least: 0}
  - {id: pool, title: {zh: 来处}, asset: point, holder: place, level: village}
  - {id: budget, title: {zh: 专项}, asset: point, holder: place, level: village, at_least: 0, at_most: 900}
  - {id: shelf, title: {zh: 货架}, asset: piece, holder: subject, at_least: 0}
  - {id: out, title: {zh: 进出}, asset: piece, holder: place}
entries:
  - {id: give, title: {zh: 奖}, from: pool, to: mine, by: [secretary], second: [officer]}
  - id: swap
    title: {zh: 换}
    by: [secretary]
    spend: true
    pending: true
    expires: 3 calendar_day
    legs:
      - {from: mine, to: pool, amount: 数量 * 户数}
      - {from: shelf, to: out}
rules:
  - {id: went, title: {zh: 走访}, when: visited, if: 'rule = "look"', amount: '5', from: pool, to: walker}
  - {id: on, title: {zh: 登记}, when: entered, register: family, amount: n, from: pool, to: mine}
payouts:
  - {id: feast, title: {zh: 节}, every: year, register: family, states: [here], amount: n * 2, from: budget, to: mine, freeze: [secretary], approve: [officer], pay: [secretary]}
"""
REGISTERS = {
    "family": {"of": "person", "states": ["here", "gone"], "aliases": {"户数": "n"}, "types": {"n": ex.Number}},
}  # fmt: skip


def read(text):
    context = Context("ledgers/x.yaml", shared={"posts": {"officer", "secretary"}, "registers": REGISTERS})
    body = read_ledger(read_yaml(text, context), context)
    try:
        context.finish()
    except Flawed as flawed:
        return {(p.code, p.line): (p.file, str(p.words)) for p in flawed.problems}
    return body


def line(part):
    return next(n for n, text in enumerate(GOOD.splitlines(), 1) if part in text)


def test_the_whole_form_is_read():
    body = read(GOOD)
    assert [entry["waits"] for entry in body["entries"]] == [True, True]
    assert body["rules"][1]["when"] == "entered:family" and body["payouts"][0]["states"] == ["here"]


@pytest.mark.parametrize(
    ("old", "new", "code", "where", "words"),
    [
        ("see: [officer]", "see: [mayor]", "ledger.post", "see:", "mayor"),
        ("holder: person,", "holder: dog,", "ledger.holder", "id: walker", "subject"),
        ("holder: person,", "holder: [person, place],", "ledger.holder", "id: walker", "地方"),
        ("register: family, at_least", "register: friends, at_least", "ledger.register", "id: mine", "friends"),
        ("at_least: 0, at_most: 900", "at_least: 901, at_most: 900", "ledger.bounds", "id: budget", "上限"),
        ("at_least: 0, reward: true", "reward: true", "ledger.reward", "id: mine", "at_least"),
        ("level: village}", "level: village, at_least: 0}", "ledger.no_source", "id: mine", "来处"),
        ("id: walker, title", "id: mine, title", "ledger.twice", "{zh: 同事}", "mine"),
        ("from: pool, to: mine, by", "from: shelf, to: mine, by", "ledger.asset", "id: give", "平"),
        ("from: pool, to: mine, by", "from: pool, to: pool, by", "ledger.asset", "id: give", "同一种"),
        ("from: pool, to: mine, by", "from: mine, to: pool, by", "ledger.taken", "id: give", "只奖不扣"),
        ("by: [secretary], second", "by: [], second", "ledger.by", "id: give", "by"),
        ("second: [officer]}", "second: [officer], pending: false}", "ledger.second", "id: give", "第二个人"),
        ("second: [officer]}", "spend: true}", "ledger.spend", "id: give", "spend"),
        ("second: [officer]}", "expires: 3 calendar_day}", "ledger.expires", "id: give", "过期"),
        ("expires: 3 calendar_day", "expires: 3 moons", "ledger.expires", "expires: 3", ""),
        ("数量 * 户数", "数量 * 人数", "ledger.amount", "数量 * 户数", "人数"),
        ("'rule = \"look\"'", "'rules = \"look\"'", "ledger.condition", "id: went", "rules"),
        ("when: entered, register: family", "when: entered, register: friends", "ledger.register", "id: on", "friends"),
        ("when: visited,", "when: visited, register: family,", "ledger.register", "id: went", "不看登记册"),
        ("from: pool, to: walker", "from: pool, to: budget", "ledger.whose", "id: went", "那个人"),
        ("register: family, amount: n, from: pool, to: mine", "register: family, amount: n, from: pool, to: walker", "ledger.whose", "id: on", "subject"),
        ("states: [here]", "states: [away]", "ledger.state", "id: feast", "away"),
        ("from: budget, to: mine", "from: pool, to: mine", "ledger.no_appropriation", "id: feast", "at_least"),
        ("from: budget, to: mine", "from: budget, to: walker", "ledger.whose", "id: feast", "subject"),
        ("approve: [officer]", "approve: []", "ledger.by", "id: feast", "岗位"),
    ],
)  # fmt: skip
def test_a_flaw_is_told_with_its_line_in_words(old, new, code, where, words):
    assert old in GOOD
    found = read(GOOD.replace(old, new, 1))
    assert (code, line(where)) in found, found
    file, said = found[code, line(where)]
    assert file == "ledgers/x.yaml" and words in said
