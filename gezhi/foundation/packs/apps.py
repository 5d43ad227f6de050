from django.apps import AppConfig


class PacksConfig(AppConfig):
    name = "gezhi.foundation.packs"
    label = "packs"
