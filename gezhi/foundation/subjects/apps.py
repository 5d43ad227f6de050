from importlib import import_module

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    name = "gezhi.foundation.subjects"
    label = "subjects"

    def ready(self) -> None:
        import_module(f"{self.name}.personal")  # says what an erasure has to forget
        import_module(f"{self.name}.replacing").register()  # subjects follow the ground they stand on
