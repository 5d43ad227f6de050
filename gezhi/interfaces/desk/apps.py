from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "gezhi.interfaces.desk"
    label = "desk"
