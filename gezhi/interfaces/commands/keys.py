"""Keys that seal personal text: list them, add a new one (rotate), seal old text again under it (reseal)."""

from __future__ import annotations

import argparse

from django.conf import settings
from django.utils.translation import gettext as _

from gezhi.foundation import db
from gezhi.foundation.events.models import Private
from gezhi.foundation.events.private import aad
from gezhi.foundation.people import crypto, keys

BATCH = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`list`, `rotate` or `reseal`."""
    parser.add_argument("action", choices=("list", "rotate", "reseal"))


def run(args: argparse.Namespace) -> int:
    """Always 0; a key directory that cannot be used raises KeysRefused, which says what to do."""
    if args.action == "rotate":
        key = keys.rotate(settings.GEZHI_KEYS)
        print(_("新密钥 {number:04d}（{id}）已启用，旧密钥请继续保留。").format(number=key.number, id=key.id.hex()))
    elif args.action == "reseal":
        print(_("{count} 段内容已改用新密钥。").format(count=reseal()))
    else:
        for key in keys.data_keys(settings.GEZHI_KEYS):
            print(f"{key.number:04d}  {key.id.hex()}")
    return 0


def reseal() -> int:
    """Seal every private text of an older key or cipher again; returns how many. May be stopped and run again."""
    done, last = 0, 0
    while rows := list(Private.objects.filter(id__gt=last).order_by("id")[:BATCH]):
        last = rows[-1].pk
        old = [row for row in rows if crypto.needs_reseal(row.blob)]
        if not old:
            continue
        with db.write():
            # Read again inside: what was erased meanwhile must not come back, and an update would not bring it.
            for row in Private.objects.select_for_update().filter(pk__in=[row.pk for row in old]):
                row.blob = crypto.reseal(row.blob, aad(row.stream, row.name))
                done += Private.objects.filter(pk=row.pk).update(blob=row.blob)
    return done
