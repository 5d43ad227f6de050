from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "gezhi.foundation.jobs"
    label = "jobs"
