"""The room of workbooks: its state rows are known to verify."""

from django.apps import AppConfig


class SheetsConfig(AppConfig):
    name = "gezhi.foundation.sheets"
    label = "sheets"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from gezhi.foundation import events, exports
        from gezhi.foundation.sheets.models import STATE_FIELDS, ImportRun

        events.register_state("import", ImportRun, {name: name for name in STATE_FIELDS})
        exports.titled("sheets.replies", _("来文单位的回复表"))
        exports.titled("sheets.returned", _("带原因退回的表"))
