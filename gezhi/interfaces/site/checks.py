"""What must be right before a server starts. Errors stop a production start; each has an id for ever.

`gezhi run`, `serve` and `worker` run these (tag "gezhi") and print what they find. In development only
what cannot work at all is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from gezhi.foundation import people

TAG = "gezhi"
FACES = {"portal", "field", "desk", "api"}
# File locks are not dependable here, and SQLite's shared memory does not work at all.
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "glusterfs", "ceph", "9p"}

Found = Iterator[checks.CheckMessage]


def _everywhere() -> Found:
    if settings.GEZHI_ENV not in ("development", "production"):
        yield checks.Error(
            _("GEZHI_ENV 是“%s”，没有这种环境。") % settings.GEZHI_ENV,
            hint=_("请设为 production 或 development。"),
            id="gezhi.E010",
        )
    unknown = set(settings.GEZHI_ZONES) - FACES
    if unknown:
        yield checks.Error(
            _("GEZHI_ZONES 里有不认识的界面：%s。") % ", ".join(sorted(unknown)),
            hint=_("可用的有 portal、field、desk、api，用逗号隔开。"),
            id="gezhi.E008",
        )
    odd = [word for word in settings.GEZHI_SECOND_FACTOR if word not in people.POWERS and word not in ("all", "off")]
    if odd or (len(settings.GEZHI_SECOND_FACTOR) > 1 and {"all", "off"} & set(settings.GEZHI_SECOND_FACTOR)):
        yield checks.Error(
            _("GEZHI_SECOND_FACTOR 里有不认识的权限：%s。") % ", ".join(odd or settings.GEZHI_SECOND_FACTOR),
            hint=_("请写权限的代号，用逗号隔开，或者只写 all 或 off。"),
            id="gezhi.E011",
        )
    if connection.vendor == "sqlite" and (kind := file_system(settings.GEZHI_HOME)) in NETWORK_FILE_SYSTEMS:
        yield checks.Error(
            _("数据目录在网络文件系统（%s）上，SQLite 在那里会损坏。") % kind,
            hint=_("请把 GEZHI_HOME 放到本机磁盘，或设 GEZHI_DATABASE_URL 改用 PostgreSQL。"),
            id="gezhi.E006",
        )
    if connection.vendor == "sqlite" and settings.GEZHI_MACHINES > 1:
        yield checks.Error(
            _("部署在 %s 台机器上，却用着 SQLite；它只能由一台机器写。") % settings.GEZHI_MACHINES,
            hint=_("请设 GEZHI_DATABASE_URL 改用 PostgreSQL。"),
            id="gezhi.E007",
        )


def _in_production() -> Found:
    if demo_people_exist():
        yield checks.Error(
            _("数据里有演示账号，它们的密码是公开的。"),
            hint=_("正式环境请换一个空的 GEZHI_HOME 或数据库，不要在演示数据上继续。"),
            id="gezhi.E001",
        )
    if len(settings.SECRET_KEY) < 32 or len(set(settings.SECRET_KEY)) < 8:
        yield checks.Error(
            _("站点密钥太弱，登录状态可以伪造。"),
            hint=_("请删掉 GEZHI_KEYS 里的 site.key，设 GEZHI_MAKE_KEYS=1 启动一次重新生成。"),
            id="gezhi.E002",
        )
    if settings.GEZHI_KEYS.is_relative_to(settings.GEZHI_HOME):
        yield checks.Error(
            _("密钥放在数据目录里，拿到备份的人就能读个人信息。"),
            hint=_("请把 GEZHI_KEYS 放到数据目录之外，并分开备份。"),
            id="gezhi.E003",
        )
    if settings.DEBUG:
        yield checks.Error(_("调试开关开着，出错页会露出数据。"), hint=_("请去掉 DEBUG 设置。"), id="gezhi.E004")
    hosts = [host for host in settings.ALLOWED_HOSTS if host]
    if not hosts or "*" in hosts:
        yield checks.Error(
            _("没有写明网址，别人可以用任意域名冒充本站。"),
            hint=_("请把 GEZHI_HOSTS 设为本站的域名，多个用逗号隔开。"),
            id="gezhi.E005",
        )
    loose = [path.name for path in settings.GEZHI_KEYS.glob("*.key") if path.stat().st_mode & 0o077]
    if loose:
        yield checks.Error(
            _("密钥文件别人也能读：%s。") % ", ".join(sorted(loose)),
            hint=_("请把这些文件的权限改为 600。"),
            id="gezhi.E009",
        )
    if settings.GEZHI_SECOND_FACTOR == ("off",):
        yield checks.Warning(
            _("哪个岗位都不要二次验证：拿到一个密码就能管人、看原件。"),
            hint=_("请去掉 GEZHI_SECOND_FACTOR=off，或写明哪些权限要有。"),
            id="gezhi.W002",
        )
    if not settings.GEZHI_ROOTS:
        yield checks.Warning(
            _("封存根只写在数据目录里，改了数据的人也能改它。"),
            hint=_("请把 GEZHI_ROOTS 设到另一台机器或另一人保管的目录。"),
            id="gezhi.W001",
        )


def demo_people_exist() -> bool:
    """Whether the demo's public sign-ins are in the database; False before there are tables."""
    from gezhi.foundation.people.demo import demo_people_exist as exist

    try:
        return exist()
    except DatabaseError:
        # No tables yet (a first start checks again after migrating), or no database: /healthz says so.
        return False


def file_system(directory: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The type of file system `directory` lies on ("ext4", "nfs4"); "" where this cannot be known."""
    if not mounts.exists():
        return ""
    best, kind = Path("/"), ""
    for line in mounts.read_text().splitlines():
        _device, where, this_kind = line.split()[:3]
        point = Path(where.replace("\\040", " "))
        if directory.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, this_kind
    return kind


def register_all() -> None:
    """Called once when the app is ready."""
    for found, production_only in ((_everywhere, False), (_in_production, True)):
        checks.register(_check(found, production_only), TAG)


def _check(found: Callable[[], Found], production_only: bool) -> Callable[..., list[checks.CheckMessage]]:
    def check(app_configs, databases=None, **kwargs):
        if production_only and not settings.PRODUCTION:
            return []
        return list(found())

    return check
