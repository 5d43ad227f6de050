import pytest

from gezhi.foundation import people
from gezhi.foundation.errors import Flawed, Invalid
from gezhi.foundation.packs import Context, read_yaml
from gezhi.foundation.people import POWERS, actions
from gezhi.foundation.people.posts import read_posts

from .county import SETUP, standard_posts


def problems(text):
    context = Context("posts.yaml")
    read_posts(read_yaml(text, context), context)
    return [(problem.line, problem.code) for problem in context.problems]


def test_the_standard_posts_are_sound_and_end_at_one_root():
    posts = {post["code"]: post for post in standard_posts()["posts"]}
    assert [code for code, post in posts.items() if post["root"]] == ["county_director"]
    for code in posts:
        step = code
        while posts[step]["falls_to"]:
            step = posts[step]["falls_to"]
        assert step == "county_director"
    # Nobody who sees residents' matters also decides who sits where.
    for post in posts.values():
        assert not {"people.manage", "case.see"} <= set(post["powers"])
    assert {power for post in posts.values() for power in post["powers"]} == set(POWERS)
    for post in posts.values():
        assert post["title_zh"] and post["title_en"]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("posts:\n  - {code: A, title: 甲, level: county}", 2, "posts.code"),
        ("posts:\n  - {code: aa, title: 甲, level: moon}", 2, "pack.choice"),
        ("posts:\n  - {code: aa, title: 甲, level: town, powers: [case.fly]}", 2, "posts.power"),
        ("posts:\n  - {code: aa, title: 甲, level: town, falls_to: bb}", 2, "posts.chain"),
        ("posts:\n  - {code: aa, title: 甲, level: town}\n  - {code: aa, title: 乙, level: town}", 3, "posts.twice"),
        ("posts:\n  - {code: aa, title: 甲, level: town, root: true}\n  - {code: bb, title: 乙, level: town, root: true}", 3, "posts.chain"),
        ("posts:\n  - {code: aa, title: 甲, level: town, falls_to: bb}\n  - {code: bb, title: 乙, level: town, falls_to: aa}", 2, "posts.chain"),
        ("posts: []\norganisations:\n  - {code: x, name: 某局, level: county, post: nobody}", 3, "posts.unknown"),
        ("roles: []", 1, "pack.key"),
    ],
)  # fmt: skip
def test_flaws_are_named_with_their_line(text, line, code):
    assert (line, code) in problems(text)


def test_syncing_is_idempotent_and_keeps_other_packs_posts(county):
    assert people.sync_posts(standard_posts()) == 0
    assert people.sync_posts([*standard_posts()["posts"], _compiled("lecturer")]) == 1
    assert people.sync_posts([_compiled("lecturer")]) == 0
    assert "grid_worker" in people.directory().posts and "lecturer" in people.directory().posts


def _compiled(code, **facts):
    post = {
        "code": code, "title_zh": "宣讲员", "title_en": "Lecturer", "level": "town", "powers": [],
        "falls_to": "street_officer", "root": False, "position": 99,
    }  # fmt: skip
    return post | facts


def test_what_contradicts_posts_in_use_is_refused(county):
    county.seat("street_officer", "east")
    officer = next(post for post in standard_posts()["posts"] if post["code"] == "street_officer")
    for wrong in (
        _compiled("second_root", root=True, falls_to=None),
        officer | {"level": "village"},
        _compiled("lecturer", falls_to="nobody"),
        officer | {"falls_to": "town_unit"},
    ):
        with pytest.raises(Invalid, match="people.posts_flawed"):
            people.sync_posts([wrong])
    with pytest.raises(Flawed):
        people.sync_posts([{"code": "x y", "title": "甲", "level": "town"}])


def test_a_changed_power_takes_effect_at_once(county):
    county.seat("department", "county", "文岚")
    assert not county.actor("文岚").may("case.raise_for")
    department = next(post for post in standard_posts()["posts"] if post["code"] == "department")
    people.sync_posts([department | {"powers": ["bulletin.read", "case.raise_for"]}])
    assert county.actor("文岚").may("case.raise_for")
    actions.vacate(county.actor("文岚").seats[0], actor=SETUP)
    assert not county.actor("文岚").may("case.raise_for")
