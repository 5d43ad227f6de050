"""The room of workbooks: its state rows are known to verify."""

from django.apps import AppConfig


class SheetsConfig(AppConfig):
    name = "gezhi.foundation.sheets"
    label = "sheets"

    def ready(self) -> None:
        from gezhi.foundation import events
        from gezhi.foundation.sheets.models import STATE_FIELDS, ImportRun

        events.register_state("import", ImportRun, {name: name for name in STATE_FIELDS})
