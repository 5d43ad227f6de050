"""A folder becomes a pack, or a full list of what is wrong with it."""

from __future__ import annotations

import json

import pytest

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed, NotFound
from gezhi.foundation.packs.loading import canonical

LIMITS = "version: 1\ndefault: 5 work_day\n"


def flaws(folder):
    with pytest.raises(Flawed) as flawed:
        packs.load(folder)
    return [(p.file, p.code) for p in flawed.value.problems]


def test_the_shipped_packs_are_sound(shipped):
    for folder in sorted(p.parent for p in shipped.glob("*/pack.yaml")):
        pack = packs.load(folder)
        assert pack.name == folder.name
        for item in pack.items:
            assert item.hash == packs.body_hash(json.loads(json.dumps(item.body)))


def test_the_same_body_has_the_same_hash_however_it_is_written(write_pack):
    one = packs.load(write_pack("hill", {"limits.yaml": LIMITS}))
    other = packs.load(write_pack("vale", {"limits.yaml": "# remark\ndefault:   5 work_day\n\nversion: 1\n"}))
    assert one.get("limits").hash == other.get("limits").hash
    assert one.get("limits").name == "hill"
    changed = packs.load(write_pack("dale", {"limits.yaml": "default: 6 work_day"}))
    assert changed.get("limits").hash != one.get("limits").hash


def test_canonical_refuses_floats_and_sorts_keys():
    assert canonical({"b": [1, "二"], "a": None}) == '{"a":null,"b":[1,"二"]}'
    with pytest.raises(TypeError):
        canonical({"a": [1.5]})


def test_every_problem_of_every_file_is_listed(write_pack):
    folder = write_pack(
        "hill",
        {
            "limits.yaml": "defualt: 5 work_day\nsteps: {accept: soon}\n",
            "forms/ask.yaml": "form: ask\ntitle: 问\nfields:\n  - {id: a, type: txt, title: x}\n",
            "notes.yaml": "a: 1",
            "odd/x.yaml": "a: 1",
        },
    )
    assert sorted(flaws(folder)) == [
        ("hill/forms/ask.yaml", "pack.choice"),
        ("hill/limits.yaml", "limits.limit"),
        ("hill/limits.yaml", "pack.key"),
        ("hill/notes.yaml", "pack.file"),
        ("hill/odd/x.yaml", "pack.file"),
    ]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"pack.yaml": "pack: vale\nversion: 1\ntitle: x"}, "pack.name"),
        ({"pack.yaml": "pack: hill\nversion: one\ntitle: x"}, "pack.type"),
        ({"pack.yaml": "pack: hill\ntitle: x"}, "pack.missing"),
        ({"pack.yaml": "- hill"}, "pack.shape"),
        ({"pack.yaml": "pack: hill\nversion: 1\ntitle: x\nuses: [nowhere]"}, "pack.uses"),
        ({"pack.yaml": "pack: hill\nversion: 1\ntitle: x\nuses: [../hill]"}, "pack.uses"),
        ({"pack.yaml": "pack: hill\nversion: 1\ntitle: x\nuses: [hill]"}, "pack.circle"),
        ({"forms/a.yaml": "form: A b\ntitle: x\nfields: []"}, "pack.item_name"),
        (
            {"forms/a.yaml": "form: ask\ntitle: x\nfields: []", "forms/b.yaml": "form: ask\ntitle: x\nfields: []"},
            "pack.twice",
        ),
        ({"limits.yaml": "a: &x 1"}, "pack.alias"),
    ],
)
def test_flaws_of_the_folder(write_pack, files, code):
    assert code in [c for _file, c in flaws(write_pack("hill", files))]


def test_no_pack_and_no_utf8(write_pack, tmp_path):
    with pytest.raises(NotFound) as refused:
        packs.load(tmp_path / "nothing")
    assert refused.value.code == "pack.not_found"
    folder = write_pack("hill")
    (folder / "limits.yaml").write_bytes("默认".encode("gbk"))
    assert flaws(folder) == [("hill/limits.yaml", "pack.encoding")]


def test_a_link_out_of_the_folder_is_refused(write_pack, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("default: 5 work_day")
    folder = write_pack("hill")
    (folder / "limits.yaml").symlink_to(secret)
    assert flaws(folder) == [("hill/limits.yaml", "pack.outside")]
    folder = write_pack("vale", {"categories.yaml": "catalogues: [{scheme: request, file: ../secret.yaml}]"})
    assert flaws(folder) == [("vale/categories.yaml", "categories.file")]


def test_packs_that_use_each_other_in_a_circle(write_pack):
    head = "pack: {}\nversion: 1\ntitle: x\nuses: [{}]"
    folder = write_pack("hill", {"pack.yaml": head.format("hill", "vale")})
    write_pack("vale", {"pack.yaml": head.format("vale", "hill")})
    assert ("vale/pack.yaml", "pack.circle") in flaws(folder)


def test_a_pack_is_checked_against_the_packs_it_uses(write_pack):
    write_pack(
        "base",
        {
            "categories.yaml": "catalogues: [{scheme: request, file: a.csv}]",
            "a.csv": "code,l1,l2,name\nT01,城建,道路,路灯\n",
        },
    )
    head = "pack: hill\nversion: 1\ntitle: x\nuses: [base]"
    good = write_pack(
        "hill", {"pack.yaml": head, "limits.yaml": "categories: {城建/道路: 2 work_day, T01: 4 work_hour}"}
    )
    assert packs.load(good).uses == ("base",)
    bad = write_pack("hill", {"pack.yaml": head, "limits.yaml": "categories: {城建/桥梁: 2 work_day}"})
    assert flaws(bad) == [("hill/limits.yaml", "categories.path")]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("kind,code\n", "categories.header"),
        ("code,l1,l2,name\nT01,城建,道路\n", "categories.row"),
        ("code,l1,l2,name\nt1,城建,道路,路灯\n", "categories.row"),
        ("code,l1,l2,name\nT01,城建,道路,路灯\nT01,城建,道路,井盖\n", "categories.twice"),
    ],
)
def test_flaws_of_a_catalogue(write_pack, rows, code):
    files = {"categories.yaml": "catalogues: [{scheme: request, file: a.csv}]", "a.csv": rows}
    assert code in [c for _file, c in flaws(write_pack("hill", files))]


def test_a_file_of_endless_keys_is_refused_before_it_is_built(write_pack):
    folder = write_pack("hill", {"limits.yaml": "".join(f"k{i}: 1\n" for i in range(12_000))})
    assert flaws(folder) == [("hill/limits.yaml", "pack.too_large")]
