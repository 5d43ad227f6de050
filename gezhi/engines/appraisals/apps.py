from importlib import import_module

from django.apps import AppConfig


class AppraisalsConfig(AppConfig):
    name = "gezhi.engines.appraisals"
    label = "appraisals"

    def ready(self) -> None:
        import_module(f"{self.name}.events").register()
