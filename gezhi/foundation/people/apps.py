from importlib import import_module

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "gezhi.foundation.people"
    label = "people"

    def ready(self) -> None:
        import_module(f"{self.name}.persons")  # says what an erasure has to forget
        import_module(f"{self.name}.succeeding").register()  # seats follow the places
