"""The command `gezhi`: one module of this folder per subcommand.

A subcommand is a module with `add_arguments(parser)` and `run(args) -> int` (the exit code); its
docstring is its help. Dashes in the command are underscores in the module's name.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType

import django

import gezhi
from gezhi.interfaces import commands

NOT_COMMANDS = {"main", "apps"}


def _load(name: str) -> ModuleType | None:
    """The module of a subcommand; None when it is not one."""
    known = {module.name for module in pkgutil.iter_modules(commands.__path__)} - NOT_COMMANDS
    module_name = name.replace("-", "_")
    if module_name not in known:
        return None
    module = importlib.import_module(f"{commands.__name__}.{module_name}")
    return module if hasattr(module, "add_arguments") and hasattr(module, "run") else None


def _all() -> dict[str, ModuleType]:
    found = {}
    for info in pkgutil.iter_modules(commands.__path__):
        if info.name not in NOT_COMMANDS and (module := _load(info.name)):
            found[info.name.replace("_", "-")] = module
    return found


def _setup() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    django.setup()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code; a refusal is printed in words, exit code 1."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="gezhi", description="格治 Gezhi")
    parser.add_argument("--version", action="version", version=gezhi.__version__)
    wanted = arguments[0] if arguments and not arguments[0].startswith("-") else None
    if "--version" in arguments[:1]:
        parser.parse_args(arguments)
    # Settings read and may refuse keys, so what they say is said plainly, without a traceback.
    from gezhi.foundation.people.keys import KeysRefused

    try:
        _setup()
    except KeysRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    from gezhi.foundation.errors import Refusal

    module = _load(wanted) if wanted else None
    modules = {wanted: module} if wanted and module else _all()
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in modules.items():
        words = (module.__doc__ or "").strip()
        subparser = subparsers.add_parser(
            name, help=words.splitlines()[0] if words else "", description=words,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add_arguments(subparser)
    args = parser.parse_args(arguments)
    try:
        return modules[args.command].run(args) or 0
    except KeysRefused as refused:
        print(refused, file=sys.stderr)
        return 1
    except Refusal as refusal:
        print(f"{refusal}\n{refusal.why}\n{refusal.next}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
