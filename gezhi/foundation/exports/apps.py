from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "gezhi.foundation.exports"
    label = "exports"
