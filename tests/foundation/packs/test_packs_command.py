"""`gezhi packs`: problems in words and exit code 1, or a summary."""

from __future__ import annotations

import argparse

import pytest

from gezhi.interfaces.commands import packs as command


def run(*words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(w) for w in words]))


def test_a_sound_pack_is_summed_up(shipped, capsys):
    assert run("check", shipped / "standard-county", shipped / "songxi") == 0
    said = capsys.readouterr().out
    assert "standard-county" in said and "workflow " in said and "services 1" in said


def test_every_problem_is_printed_with_its_place(write_pack, capsys):
    folder = write_pack("hill", {"limits.yaml": "defualt: 5 work_day\nsteps: {accept: soon}\n"})
    assert run("check", folder) == 1
    said = capsys.readouterr().out
    assert "hill/limits.yaml:1:1: " in said and "[pack.key]" in said and "default" in said
    assert "hill/limits.yaml:2:17: " in said and "[limits.limit]" in said


def test_one_flawed_pack_among_sound_ones_is_enough(write_pack, shipped, capsys):
    assert run("check", shipped / "standard-county", write_pack("hill", {"odd.yaml": "a: 1"})) == 1
    assert "[pack.file]" in capsys.readouterr().out


def test_no_pack_at_all(tmp_path, capsys):
    assert run("check", tmp_path) == 1
    assert str(tmp_path.name) in capsys.readouterr().out


@pytest.mark.django_db
def test_install_and_list(shipped, write_pack, capsys):
    assert run("install", shipped / "standard-county") == 0
    capsys.readouterr()
    assert run("list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("standard-county  workflow  request  v") for line in listed)
    form = "form: ask\nversion: 1\ntitle: x\nfields: [{{id: a, type: text, title: {}}}]"
    assert run("install", write_pack("hill", {"forms/ask.yaml": form.format("甲")})) == 0
    assert run("install", write_pack("hill", {"forms/ask.yaml": form.format("乙")})) == 1
    assert "[pack.version]" in capsys.readouterr().out


def test_what_a_file_lays_down_is_said_without_its_words(write_pack, capsys):
    limits = "default: 5 work_day\nsteps: {accept: 2 work_day}\n"
    folder = write_pack("hill", {"limits.yaml": limits})
    assert run("show", folder / "limits.yaml") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "## packs/hill/limits.yaml"
    assert any("accept: 2 work_day" in line for line in said) and any("5 work_day" in line for line in said)
    assert run("show", folder / "posts.yaml") == 1, "there is no such document"
