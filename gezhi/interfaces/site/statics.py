"""Static files of the faces that this process serves: a portal hands out nothing of the desk."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder

FACES = frozenset({"portal", "field", "desk"})


class ZoneFinder(AppDirectoriesFinder):
    """Django's finder of files in apps, without the apps of faces that are not served here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        closed = {f"gezhi.interfaces.{face}" for face in FACES - set(settings.GEZHI_ZONES)}
        self.apps = [app for app in self.apps if app not in closed]
        self.storages = {app: storage for app, storage in self.storages.items() if app not in closed}
