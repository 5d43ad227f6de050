"""Django's own commands (makemigrations, compilemessages, shell). Operators use `gezhi`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    execute_from_command_line(sys.argv)
