"""导入辖区: a file of divisions, grids or buildings, judged line by line, taken in when confirmed."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from gezhi.foundation.errors import NotFound, Refusal
from gezhi.foundation.places import importing
from gezhi.foundation.sheets import store
from gezhi.interfaces.site.requests import Request

from ..menu import home_place
from ..page import show, staff, tell

SYSTEMS = {
    "wgs84": gettext_lazy("WGS84（手机定位、GPS）"),
    "cgcs2000": gettext_lazy("CGCS2000 经纬度"),
    "gcj02": gettext_lazy("GCJ-02（高德、腾讯、微信）"),
    "bd09": gettext_lazy("BD-09（百度）"),
    "gk3": gettext_lazy("高斯 3 度带米数（带号在前）"),
}
LAYERS = {"governance": gettext_lazy("治理网格、区划、楼栋"), "unit": gettext_lazy("城市管理单元网格")}
SHOWN = 300


@staff
@require_http_methods(["GET", "POST"])
def upload(request: Request) -> HttpResponse:
    """Choose a file, its layer and its coordinates."""
    request.actor.need("places.manage")
    refusal: Refusal | None = None
    layer, system = request.POST.get("layer", "governance"), request.POST.get("system", "wgs84")
    if request.method == "POST" and (given := request.FILES.get("file")) is not None:
        data = given.read()
        try:
            importing.read(data, layer=layer, system=system)
            token = secrets.token_hex(8)
            store.put(_name(request, token), f"{layer} {system}\n".encode() + data)
            return redirect("desk:places_judged", token=token)
        except Refusal as refused:
            refusal = refused
    context = {
        "refusal": refusal, "layers": LAYERS.items(), "systems": SYSTEMS.items(), "layer": layer, "system": system,
        "place": home_place(request.actor),
    }  # fmt: skip
    return show(request, "desk/places_import.html", context, here="places", status=refusal.http if refusal else 200)


@staff
@require_http_methods(["GET", "POST"])
def judged(request: Request, token: str) -> HttpResponse:
    """What every line would do; posted, the good ones are taken in."""
    request.actor.need("places.manage")
    name = _name(request, token)
    if not store.has(name):
        raise NotFound()
    head, _newline, data = store.get(name).partition(b"\n")
    layer, system = head.decode().split(" ")
    draft = importing.read(data, layer=layer, system=system)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            brought = importing.take_in(draft, actor=request.actor, only_good=bool(draft.bad))
            store.drop(name)
            words = _("新设 {created} 个，改名 {renamed} 个，换上级 {moved} 个，画界 {drawn} 个，没变 {same} 个")
            tell(request, words.format(**brought._asdict()))
            return redirect("desk:places")
        except Refusal as refused:
            refusal = refused
    does = {"new": _("新设"), "renamed": _("改名"), "moved": _("换上级"), "drawn": _("画界"), "same": _("没变")}
    context: dict[str, Any] = {
        "refusal": refusal, "draft": draft, "bad": draft.bad[:SHOWN], "more": max(0, len(draft.good) - SHOWN),
        "layer": LAYERS[layer], "lines": [(line, does[line.does]) for line in draft.good[:SHOWN]],
        "sums": [(does[key], n) for key, n in draft.counts.items()],
    }  # fmt: skip
    return show(request, "desk/places_judged.html", context, here="places", status=refusal.http if refusal else 200)


def _name(request: Request, token: str) -> str:
    """Whose file it is stands in its name: nobody else's token opens it."""
    return f"places-{request.actor.person_id}-{''.join(c for c in token if c.isalnum())[:16]}"
