"""Addresses below /api/v1/."""

from __future__ import annotations

from gezhi.interfaces.api import books, demo, papers, public, rounds, staff  # each adds its operations to the API
from gezhi.interfaces.api.root import api, in_our_words

__all__ = ["app_name", "books", "demo", "papers", "public", "rounds", "staff", "urlpatterns"]

app_name = "api"

urlpatterns, _app, _namespace = api.urls
for _pattern in urlpatterns:
    if _pattern.callback is not None:
        _pattern.callback = in_our_words(_pattern.callback)
