from django.apps import AppConfig


class MethodsConfig(AppConfig):
    name = "gezhi.engines.workflows.methods"
    label = "methods"

    def ready(self) -> None:
        from gezhi.engines.workflows.methods import events

        events.register()
