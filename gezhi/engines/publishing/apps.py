from importlib import import_module

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    name = "gezhi.engines.publishing"
    label = "publishing"

    def ready(self) -> None:
        import_module(f"{self.name}.events").register()
