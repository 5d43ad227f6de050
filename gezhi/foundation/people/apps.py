from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "gezhi.foundation.people"
    label = "people"
