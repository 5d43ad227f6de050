from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "gezhi.interfaces.portal"
    label = "portal"
