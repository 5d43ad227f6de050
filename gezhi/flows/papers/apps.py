from importlib import import_module

from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "gezhi.flows.papers"
    label = "papers"

    def ready(self) -> None:
        import_module(f"{self.name}.facts").register()
