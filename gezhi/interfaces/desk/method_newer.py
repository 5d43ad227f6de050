"""That something newer came above a place's own version, and where the two differ: for the library and the method's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.workflows.methods import drafts, parents
from gezhi.engines.workflows.methods.models import MethodDraft
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import packs
from gezhi.foundation.people import Actor

from .method_changes import changes, version_words
from .names import place_name


def newer_words(entry: packs.Entry, known: parents.Bases) -> str:
    """县里有新版本：第 2 版; empty when nothing newer came."""
    found = parents.newer(entry, known)
    return _words(entry, found) if found else ""


def _words(entry: packs.Entry, found: parents.Newer) -> str:
    version = version_words(found.entry.version)
    if entry.place_id is None:
        return _("工作包有新版本：{version}").format(version=version)
    if found.entry.place_id is None:
        return _("县里有新版本：{version}").format(version=version)
    return _("{place}有新版本：{version}").format(place=place_name(found.entry.place_id, "town"), version=version)


def comparison(entry: packs.Entry, actor: Actor) -> dict[str, Any] | None:
    """What the page shows of a newer version: what came, what was changed here, what taking it over would change.

    "draft": one that is open for the same place already; "may_adopt": whether the actor may begin one. None when nothing came.
    """
    found = parents.newer(entry, parents.bases(entry.name))
    if found is None:
        return None
    mine, theirs = definition(entry.name, entry.version)[0], definition(entry.name, found.entry.version)[0]
    since = definition(entry.name, found.common)[0] if found.common is not None else None
    draft: MethodDraft | None = drafts.open_draft(entry.name, entry.place_id)
    return {
        "words": _words(entry, found),
        "version": found.entry.version,
        "version_words": version_words(found.entry.version),
        "place": entry.place_id,
        "there": place_name(entry.place_id, "town"),
        "common": version_words(found.common) if found.common is not None else "",
        "came": changes(since, theirs) if since is not None else [],
        "here": changes(since, mine) if since is not None else [],
        "would": changes(mine, theirs),
        "draft": draft,
        "may_adopt": draft is None and drafts.may_start(actor, entry.place_id),
    }
