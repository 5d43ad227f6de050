"""Bring the database to this version's tables."""

from __future__ import annotations

import argparse

from gezhi.interfaces.jobs import steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    steps.migrate()
    return 0
