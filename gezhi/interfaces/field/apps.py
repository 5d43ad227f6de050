from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "gezhi.interfaces.field"
    label = "field"
