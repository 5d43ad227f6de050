"""The photo room: on erasure a stream's photos go with its words."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "gezhi.foundation.files"
    label = "files"

    def ready(self) -> None:
        from gezhi.foundation import events
        from gezhi.foundation.files import store

        events.on_erase(store.on_erase)
