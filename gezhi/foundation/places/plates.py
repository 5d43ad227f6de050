"""Door plates: the QR code of a building and the sheets to print and cut."""

from __future__ import annotations

import io
from typing import NamedTuple

import segno
from django.utils.translation import gettext as _

from .snapshot import directory

PER_SHEET = 8  # labels on an A4 page, two columns of four


class Label(NamedTuple):
    """One plate: the building, its entrance ("2 单元" or ""), where it is, the address the code opens, the code."""

    place_id: int
    building: str
    entrance: str
    where: str
    url: str
    svg: str


class Sheet(NamedTuple):
    """One A4 page of labels; `number` of `total`."""

    number: int
    total: int
    labels: list[Label]


def qr_svg(url: str) -> str:
    """An SVG element with the QR code of a URL, black on white, error correction M (survives a scratch).

    It has a viewBox and no size: the page's CSS decides. Raises ValueError for a text too long for a QR code.
    """
    out = io.BytesIO()
    code = segno.make(url, error="m", boost_error=False, micro=False)
    code.save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, light="#fff", svgclass="qr", lineclass=None
    )
    return out.getvalue().decode().strip()


def sheets(place_id: int, base_url: str = "") -> list[Sheet]:
    """The plates of every open building in a place (a building itself gives its own), one label per entrance.

    `base_url` is the address residents reach, e.g. "https://gezhi.example"; the code opens `/b/<token>` there.
    Entrances of one building share its code: they say where to hang it, not another place.
    """
    known = directory()
    labels: list[Label] = []
    for id in (place_id, *known.descendants(place_id)):
        building = known.get(id)
        if building is None or building.kind != "building" or not building.qr:
            continue
        url = f"{base_url.rstrip('/')}/b/{building.qr}"
        svg = qr_svg(url)
        village = known.at_level(id, "village")
        where = known.label(village) if village is not None else ""
        for number in range(1, (building.units or 1) + 1):
            entrance = _("{n} 单元").format(n=number) if (building.units or 1) > 1 else ""
            labels.append(Label(id, building.name, entrance, where, url, svg))
    pages = [labels[start : start + PER_SHEET] for start in range(0, len(labels), PER_SHEET)]
    return [Sheet(number, len(pages), page) for number, page in enumerate(pages, start=1)]
