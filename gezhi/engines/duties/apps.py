from importlib import import_module

from django.apps import AppConfig


class DutiesConfig(AppConfig):
    name = "gezhi.engines.duties"
    label = "duties"

    def ready(self) -> None:
        import_module(f"{self.name}.events").register()
