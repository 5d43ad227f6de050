"""What a body lays down, line by line: nothing that only shows, nothing that counts is left out."""

from __future__ import annotations

from gezhi.foundation.packs import statements


def test_roles_limits_and_bounds_are_said_and_words_are_not():
    body = {
        "title": {"zh": "回访", "en": "Look again"},
        "owner": {"post": "grid_worker", "unlike": []},
        "clock": {"limit": "3 work_day", "warn": "0.5"},
        "closes": 0,
        "head": False,
        "waive": {"away": {"zh": "外出", "en": "Away"}},
        "keep": {"why": "why", "note": "note"},
    }
    assert statements(body) == [
        "owner: {post: grid_worker}",
        "clock: {limit: 3 work_day}",
        "closes: 0",
        "waive: {away}",
        "keep: {why: why, note: note}",
    ]


def test_a_field_says_its_bounds_choices_and_who_may_read_it():
    form = [
        {"id": "pulse", "type": "number", "required": True, "min": 40, "max": 180, "sensitive": True, "title": {"zh": "脉搏", "en": "Pulse"}},
        {"id": "way", "type": "choice", "choices": [{"value": "phone", "zh": "电话", "en": "Phone"}, {"value": "visit"}], "when": "pulse > 90"},
    ]  # fmt: skip
    assert statements({"form": form}) == [
        "form: [pulse* number 40..180 sensitive, way choice(phone|visit) when: pulse > 90]"
    ]


def test_what_does_not_fit_a_line_is_taken_apart_and_nothing_is_lost():
    body = {"stages": {f"s{n}": {"limit": f"{n} work_day", "posts": [f"post{n}"]} for n in range(1, 12)}}
    lines = statements(body, width=60)
    assert lines == [f"stages.s{n}: {{limit: {n} work_day, posts: [post{n}]}}" for n in range(1, 12)]
    assert statements(body, width=2000) == [f"stages: {{{', '.join(line[7:] for line in lines)}}}"]
