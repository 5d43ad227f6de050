from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "gezhi.engines.workflows"
    label = "workflows"

    def ready(self) -> None:
        from gezhi.engines.workflows import events, facts, from_sheets, numbers_named, place_story

        events.register()
        facts.register()
        from_sheets.register()
        place_story.register()
        numbers_named.register()
