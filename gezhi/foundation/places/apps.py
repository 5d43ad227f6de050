from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "gezhi.foundation.places"
    label = "places"
    verbose_name = "地方"
