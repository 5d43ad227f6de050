"""The engine of registers keeps no table of its own: everything it shows is derived from foundation.subjects."""

from importlib import import_module

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    name = "gezhi.engines.registers"
    label = "registers"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from gezhi.foundation import exports

        import_module(f"{self.name}.from_sheets").register()
        import_module(f"{self.name}.lines")  # what registers tell of a subject
        import_module(f"{self.name}.stories")
        exports.titled("registers.export", _("台账"))
        exports.titled("registers.return", _("台账核对表"))
