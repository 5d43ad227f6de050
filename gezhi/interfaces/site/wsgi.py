"""The WSGI application that granian serves."""

import os
import sys

from django.core.wsgi import get_wsgi_application

from gezhi.interfaces.jobs.process import die_with_parent, keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
die_with_parent()
# A thread that holds the write lock waits for the interpreter behind every busy thread: in turns of 5 ms, Python's
# default, it would hold the lock several times as long as its work takes.
sys.setswitchinterval(0.0005)
application = get_wsgi_application()
keep_what_is_loaded()
