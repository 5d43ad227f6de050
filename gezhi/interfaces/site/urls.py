"""Where each face hangs. A zone that this process does not serve has no address in it."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

from . import faults, health

_FACES = {"api": "api/v1/", "field": "field/", "desk": "desk/", "portal": ""}

_served = [
    path(prefix, include(f"gezhi.interfaces.{face}.urls"))
    for face, prefix in _FACES.items()
    if face in settings.GEZHI_ZONES and find_spec(f"gezhi.interfaces.{face}.urls")
]
# Tried in this order: what has a prefix of its own is known at once, and programs call most often.
urlpatterns = [
    *(face for face in _served if str(face.pattern)),
    path("healthz", health.healthz, name="healthz"),
    path("", include("gezhi.interfaces.site.entry")),
    *(face for face in _served if not str(face.pattern)),
]

handler400 = faults.bad_request
handler403 = faults.forbidden
handler404 = faults.not_found
handler500 = faults.server_error
