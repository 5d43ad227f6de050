"""The steps before a server serves: tables, safety, packs, demo."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.db import connections
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Refusal, register
from gezhi.foundation.people import keys

BASE_PACK = "standard-county"
READ = "packs.read"  # in revisions: the fingerprint of what `install_packs` read last
_CODE = Path(__file__).resolve().parents[2]
log = logging.getLogger("gezhi.run")

UNSAFE = register(
    "run.unsafe",
    503,
    _("没有启动：{count} 处设置不安全。"),
    _("正式环境里这些设置会让数据泄露或丢失，上面逐条写明。"),
    _("请逐条改好再启动。"),
)


def migrate() -> None:
    """Bring the database to this version's tables; says nothing when it is there."""
    call_command("migrate", interactive=False, verbosity=0)


def refuse_unsafe() -> None:
    """Run the house's own checks; print what they find. Raises Refusal `run.unsafe` when one is an error, and
    KeysRefused when a key is missing that this start may not make."""
    found = checks.run_checks(tags=["gezhi"], databases=["default"])
    for message in found:
        print(f"{message.id} {message.msg}\n    {message.hint or ''}", file=sys.stderr)
    errors = [message for message in found if message.is_serious()]
    if errors:
        raise Refusal(UNSAFE, count=len(errors))
    keys.need(settings.GEZHI_KEYS)


def install_packs() -> None:
    """Install the base pack, and newer versions of packs this site already uses, from `GEZHI_PACKS`.

    The other packs are other places' practices: `gezhi packs install PATH` takes one up. What was read at an earlier
    start and has not changed since, neither the folders nor our own code, is not read again: that takes seconds.
    Raises Flawed.
    """
    from gezhi.foundation import db, packs, people
    from gezhi.foundation.packs.models import PackVersion

    wanted = {BASE_PACK, *PackVersion.objects.values_list("pack", flat=True).distinct()}
    folders = {folder.name: folder for root in settings.GEZHI_PACKS for folder in sorted(root.glob("*"))}
    here = [folders[name] for name in sorted(wanted & set(folders)) if (folders[name] / "pack.yaml").exists()]
    read = _fingerprint(here)
    if db.revisions.current().get(READ) == read:
        return
    for folder in here:
        packs.install(folder, actor=people.system("setup"))
    with db.write():
        db.revisions.assign(READ, read)


def _fingerprint(folders: list[Path]) -> int:
    """60 bits over these folders' files and the code that reads them (its names, sizes and times)."""
    from gezhi.foundation.packs import loading

    digest = hashlib.sha256()
    for file in sorted(_CODE.rglob("*.py")):
        known = file.stat()
        digest.update(f"{file.relative_to(_CODE)}\0{known.st_size}\0{known.st_mtime_ns}\0".encode())
    for folder in folders:
        digest.update(f"{folder.name}\0{loading.fingerprint(folder)}\0".encode())
    return int(digest.hexdigest()[:15], 16)


def say_without_administrators() -> bool:
    """In production, say on standard error that nobody can sign in yet, and what to do; returns whether it was so."""
    from gezhi.foundation import people

    if not settings.PRODUCTION or people.has_administrators():
        return False
    print(
        _("还没有管理员，谁也不能登录。请运行：gezhi admin create --county 代码 --name 姓名 --name 姓名"),
        file=sys.stderr,
    )
    return True


def wants_demo() -> bool:
    """Whether this home is to be filled with the demo county: empty, not production, not declined.

    Also where a filling died half-way: `seed_demo` then says what to do, instead of serving half a county.
    """
    from gezhi.foundation.people.models import Person
    from gezhi.interfaces.demo import seed

    declined = settings.PRODUCTION or os.environ.get("GEZHI_DEMO", "1") == "0"
    return not declined and (seed.half_done() or not Person.objects.exists())


def seed_demo() -> None:
    """Fill the home with the demo county, when this build has one."""
    if find_spec("gezhi.interfaces.commands.demo") is None:
        log.warning("this build has no demo")
        return
    from gezhi.interfaces.commands import demo

    log.info("filling an empty home with the demo county; this takes a minute or two")
    demo.seed()


def close_database() -> None:
    """Give up every connection, so that a long-lived parent holds none."""
    for connection in connections.all():
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
