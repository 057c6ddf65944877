"""QR codes as drawings within a page: dark on white in both schemes, as cameras want them."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup


@lru_cache(256)
def qr_svg(text: str, label: str) -> Markup:
    """The code of `text`; empty for nothing. `label`: what it is, for who cannot see it. Error correction M, as banks
    ask for."""
    if not text:
        return Markup("")
    import segno  # only where there is a code to draw

    drawing = segno.make_qr(text, error="m", boost_error=False).svg_inline(
        border=4, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None, title=label
    )
    return Markup(drawing.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704  (segno escapes the title; the rest is its own)
