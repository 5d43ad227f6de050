"""The search room: on erasure it forgets with the rest."""

from django.apps import AppConfig


class TextConfig(AppConfig):
    name = "gezhi.foundation.text"
    label = "text"

    def ready(self) -> None:
        from gezhi.foundation import events
        from gezhi.foundation.text import forget

        events.on_erase(forget)
