from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "gezhi.foundation.events"
    label = "events"
