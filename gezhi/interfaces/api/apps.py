from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "gezhi.interfaces.api"
    label = "api"
