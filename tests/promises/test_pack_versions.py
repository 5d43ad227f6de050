"""`python -m tools.versions`: a shipped document that changes says so by its number."""

from __future__ import annotations

from tools.versions import differences, kept

LINES = "hill workflow.request 1 aaa\nhill workflow.request 2 bbb\nhill duty.patrol 1 ccc\n"


def test_other_words_under_one_version_are_refused_and_a_new_version_is_to_be_written_down(tmp_path):
    file = tmp_path / "versions.txt"
    file.write_text(LINES, encoding="utf-8")
    before = kept(file)
    same = {("hill", "workflow.request", 2): "bbb", ("hill", "duty.patrol", 1): "ccc"}
    assert differences(same, before) == ([], [])  # version 1 is shipped no longer, and stays written down
    changed, new = differences({**same, ("hill", "duty.patrol", 1): "ddd"}, before)
    assert len(changed) == 1 and "duty.patrol version 1" in changed[0] and "raise the version" in changed[0] and not new
    changed, new = differences({**same, ("hill", "duty.patrol", 2): "ddd"}, before)
    assert not changed and len(new) == 1 and "duty.patrol version 2 is not written down" in new[0]


def test_nothing_is_written_down_where_there_is_no_file_yet(tmp_path):
    assert kept(tmp_path / "versions.txt") == {} and len(kept()) > 300
