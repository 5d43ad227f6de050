from django.apps import AppConfig


class DbConfig(AppConfig):
    name = "gezhi.foundation.db"
    label = "db"
