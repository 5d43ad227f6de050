from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    name = "gezhi.foundation.measures"
    label = "measures"
