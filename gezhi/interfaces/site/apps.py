from django.apps import AppConfig

from . import checks


class SiteConfig(AppConfig):
    name = "gezhi.interfaces.site"
    label = "site"

    def ready(self) -> None:
        checks.register_all()
