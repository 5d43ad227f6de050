from django.apps import AppConfig


class CommandsConfig(AppConfig):
    name = "gezhi.interfaces.commands"
    label = "commands"
