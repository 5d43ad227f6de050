from importlib import import_module

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "gezhi.engines.ledger"
    label = "ledger"

    def ready(self) -> None:
        import_module(f"{self.name}.events").register()
