from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "gezhi.interfaces.site"
    label = "site"
