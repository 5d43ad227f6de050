"""The first administrators of a production site: `gezhi admin create --county CODE --name A --name B`.

Enters two (or more) persons who hold the county's root seat and manage people, and prints a one-time password for
each, once: hand them over on paper. The first sign-in asks for a new one. Refused when there are administrators.

`gezhi admin reset-factor --username admin1 --reason lost` takes the second factor of a person away, whose phone and
recovery codes are gone and whom no other administrator can help: it is logged, and the person is told.
"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from gezhi.foundation import events, people, places
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import second_factor
from gezhi.foundation.people.founding import found_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`create` and `reset-factor`."""
    parser.add_argument("action", choices=("create", "reset-factor"))
    parser.add_argument("--county", default="", metavar="CODE", help=_("县（区）的六位行政区划代码"))
    parser.add_argument("--name", action="append", default=[], metavar="NAME", help=_("姓名，至少写两位"))
    parser.add_argument(
        "--username", action="append", default=[], metavar="NAME", help=_("登录名，默认 admin1、admin2")
    )
    parser.add_argument("--reason", choices=tuple(second_factor.REASONS), default="lost", help=_("重设的原因"))


def run(args: argparse.Namespace) -> int:
    """0; `create` with the passwords on standard output. Raises Conflict people.founded, factor.none, Invalid, NotFound."""
    return _reset(args) if args.action == "reset-factor" else _create(args)


def _reset(args: argparse.Namespace) -> int:
    known = {person.username: person for person in people.directory().persons.values() if person.username}
    for username in args.username:
        person = known.get(username.strip().lower())
        if person is None:
            raise NotFound("people.no_person", person=username[:40])
        second_factor.reset(person.id, actor=people.system("operator"), reason=args.reason)
        print(_("{who} 的二次验证已经去掉，下次登录会告诉本人。").format(who=username))
    return 0 if args.username else 2


def _create(args: argparse.Namespace) -> int:
    actor = people.system("operator")
    county = places.directory().by_code(args.county)
    if county is None:
        places.import_divisions(args.county, actor=actor)
        county = places.directory().by_code(args.county)
    assert county is not None  # import_divisions refused otherwise
    founders = found_site(county, args.name, actor=actor, usernames=args.username)
    events.seal_now()
    print(
        _("已在 {place} 设立总岗和管理岗，各 {n} 人。").format(place=places.directory().label(county), n=len(founders))
    )
    for founder in founders:
        print(f"{founder.username}\t{founder.password}")
    print(_("上面是一次性密码，只显示这一次：请分别抄给本人，第一次登录要换掉。"))
    return 0
