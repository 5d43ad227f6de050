"""A paper as PDF through WeasyPrint, where pango and Chinese fonts are there; otherwise a refusal that says so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gezhi.engines.publishing.render import html
from gezhi.foundation.errors import Unavailable


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether this machine can make a PDF: the library loads with its system libraries, and a Chinese font is there."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def render(
    paper: Mapping[str, Any], personal: Mapping[str, Any], *, full: bool = False, fingerprint: str = ""
) -> bytes:
    """The PDF. Raises Unavailable document.no_pdf. A second of work: call it from a job."""
    if not available():
        raise Unavailable("document.no_pdf")
    import weasyprint

    whole = html.page(paper, personal, full=full, fingerprint=fingerprint)
    made = weasyprint.HTML(string=whole, url_fetcher=_nothing, base_url=None)
    return bytes(made.write_pdf(pdf_identifier=fingerprint.encode() or b"draft", presentational_hints=False))


def _nothing(url: str, *args: Any, **kwargs: Any) -> Any:
    """A document fetches nothing, whatever its words say."""
    raise ValueError(f"not fetched: {url}")
