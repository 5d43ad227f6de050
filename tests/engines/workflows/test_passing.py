"""Offers and kept numbers, as the proof sees them: each flaw at its line. What they do: tests/mechanisms/test_m015, m030, m116."""

from __future__ import annotations

import shutil

import pytest

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed
from tests.world import PACKS

OFFER, PLEDGE = "taoyuan-community/workflows/law_mediation.yaml", "xincheng-street/workflows/pledge.yaml"
FLAWS = [
    ("effect.passing", OFFER, "owner: {post: law_volunteer}", "owner: {above: sort}"),
    ("effect.recuse", OFFER, "by: [owner]\n        effect: recuse", "by: [reporter]\n        effect: recuse"),
    ("owner.unassigned", OFFER, "key: e\n        effect: accept", "key: e"),
    ("kept.expression", PLEDGE, "delivered: delivered + amount", "delivered: delivered + amuont"),
    ("kept.expression", PLEDGE, "delivered: delivered + amount", "delivered: amount > 1"),
    ("kept.unknown", PLEDGE, "{delivered: delivered + amount}", "{deliverd: delivered + amount}"),
    ("must.field", PLEDGE, "that: amount > 0, field: amount", "that: amount > 0, field: goodss"),
    ("must.expression", PLEDGE, "that: amount > 0, field", "that: amount + 0, field"),
    ("must.expression", PLEDGE, "that: amount > 0, field", "that: amuont > 0, field"),
    ("task.stuck", PLEDGE, "    keep: {released: pledged - delivered}\n        stamp: [handled_at]\n        to: even\n      lapse",
     "    must: [{that: delivered = pledged, field: amount, says: 没用完}]\n        stamp: [handled_at]\n        to: even\n      lapse"),
    ("task.stuck", PLEDGE, "    keep: {released: pledged - delivered}\n        stamp: [handled_at]\n        to: even\n      lapse",
     "    stamp: [handled_at]\n      lapse"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The packs of this file beside the standard one, in a place where they may be spoilt."""
    home = tmp_path_factory.mktemp("packs")
    for name in ("standard-county", "taoyuan-community", "xincheng-street"):
        shutil.copytree(PACKS / name, home / name)
    return home


@pytest.mark.parametrize(("code", "file", "old", "new"), FLAWS)
def test_each_flaw_is_refused(folder, code, file, old, new):
    path = folder / file
    sound = path.read_text(encoding="utf-8")
    assert old in sound
    try:
        path.write_text(sound.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(Flawed) as refused:
            packs.load(folder / file.split("/")[0])
    finally:
        path.write_text(sound, encoding="utf-8")
    found = [p for p in refused.value.problems if p.code == code]
    assert found and found[0].file == file and found[0].line > 1, [p.code for p in refused.value.problems]


def test_an_acceptance_by_the_reporter_is_refused(folder):
    path = folder / OFFER
    sound = path.read_text(encoding="utf-8")
    spoilt = sound.replace(
        "title: {zh: 我来调, en: I take it}\n        by: [owner]",
        "title: {zh: 我来调, en: I take it}\n        by: [reporter]",
    )
    assert spoilt != sound
    try:
        path.write_text(spoilt, encoding="utf-8")
        with pytest.raises(Flawed) as refused:
            packs.load(folder / "taoyuan-community")
    finally:
        path.write_text(sound, encoding="utf-8")
    assert "effect.accept" in {p.code for p in refused.value.problems}
