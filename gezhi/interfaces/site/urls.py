"""Where each face hangs. A zone that this process does not serve has no address in it."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

from . import faults, health

_FACES = {"field": "field/", "desk": "desk/", "api": "api/v1/", "portal": ""}

urlpatterns = [path("healthz", health.healthz, name="healthz"), path("", include("gezhi.interfaces.site.entry"))]
urlpatterns += [
    path(prefix, include(f"gezhi.interfaces.{face}.urls"))
    for face, prefix in _FACES.items()
    if face in settings.GEZHI_ZONES and find_spec(f"gezhi.interfaces.{face}.urls")
]

handler400 = faults.bad_request
handler403 = faults.forbidden
handler404 = faults.not_found
handler500 = faults.server_error
