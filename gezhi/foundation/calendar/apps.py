from django.apps import AppConfig


class CalendarConfig(AppConfig):
    name = "gezhi.foundation.calendar"
    label = "calendar"
    verbose_name = "日历"
