"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from gezhi.interfaces.jobs.process import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
die_with_parent()
application = get_wsgi_application()
