from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class PublishingConfig(AppConfig):
    name = "gezhi.engines.publishing"
    label = "publishing"

    def ready(self) -> None:
        from gezhi.foundation import exports

        import_module(f"{self.name}.events").register()
        exports.titled("bulletin", gettext_lazy("通报"))
