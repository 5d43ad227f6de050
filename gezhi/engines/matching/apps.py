from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class MatchingConfig(AppConfig):
    name = "gezhi.engines.matching"
    label = "matching"

    def ready(self) -> None:
        from gezhi.foundation import exports

        import_module(f"{self.name}.events").register()
        import_module(f"{self.name}.facts").register()
        import_module(f"{self.name}.telling").register()
        import_module(f"{self.name}.stories").register()
        import_module(f"{self.name}.held_with").register()
        exports.titled("session.sheet", gettext_lazy("签到表"))
        exports.titled("course.sheet", gettext_lazy("培训报名表"))
        exports.titled("certificate", gettext_lazy("证书"))
