"""The handbook's map: a river from the mountains to the sea with the chapters along it, as an SVG to click on."""

from __future__ import annotations

import math
from html import escape
from textwrap import wrap

WIDTH = 600
_STEP, _TOP = 74, 250  # between two chapters; where the first one is
_RIVER, _INK, _PAPER, _GOLD = "#0d4a68", "#1c2226", "#f7eedd", "#f0b860"


def _x(y: float) -> float:
    return WIDTH / 2 + 78 * math.sin((y - _TOP) / _STEP * math.pi / 2.0)


def river_map(chapters: list[tuple[str, str]]) -> str:
    """`chapters`: (title, address) in order. An SVG element for a page of XHTML."""
    sea = _TOP + len(chapters) * _STEP + 20
    height = sea + 150
    stops = "".join(_stop(number, title, address) for number, (title, address) in enumerate(chapters))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {WIDTH} {height}" class="map" aria-labelledby="map-title">'
        f'<title id="map-title">The chapters of this book, along a river from the mountains to the sea</title>'
        f'<rect width="{WIDTH}" height="{height}" rx="14" fill="{_PAPER}"/>'
        f"{_mountains()}{_river(sea)}{_sea(sea, height)}{stops}</svg>"
    )


def _river(sea: float) -> str:
    """Narrow above, wide below."""
    steps = [180 + i * (sea - 160) / 120 for i in range(121)]
    half = [2.5 + 17 * ((y - 180) / (sea - 180)) ** 1.3 for y in steps]
    left = [f"{_x(y) - w:.1f} {y:.1f}" for y, w in zip(steps, half, strict=True)]
    right = [f"{_x(y) + w:.1f} {y:.1f}" for y, w in zip(steps, half, strict=True)]
    return f'<path fill="{_RIVER}" d="M{"L".join(left)}L{"L".join(reversed(right))}Z"/>'


_MOUNTAINS = (  # outline and colour, the far ones first
    ("M14 206 120 92l40 40 34-36 96 110z", "#a9b9c6"),
    ("M120 92l40 40-18 14-20-20-24 26z", "#fffaf0"),
    ("M586 206 470 104l-44 44-30-26-80 84z", "#a9b9c6"),
    ("M470 104l42 38-26 16-18-18-22 20-20-12z", "#fffaf0"),
    ("M150 208 300 40l60 66 26-24 90 126z", "#6b8ba0"),
    ("M300 40l60 66-8 26-28-30-26 40-22-32-28 22z", "#fffaf0"),
    ("M300 40l60 66-8 26-28-30-14 22z", "#dfe6ea"),
    ("M14 212q120-36 220-10t366-6v16H14z", "#35607a"),
)
_BOAT = (
    ("M66 8 40 58l26 4z", "#dfe6e4"),
    ("M66 8v54l26-4z", "#ffffff"),
    ("M4 46l36 12 26 4 26-4 36-12-24 34H28z", "#e9e2d3"),
    ("M66 62l26-4 36-12-24 34H60z", "#c4beb2"),
)


def _filled(shapes: tuple[tuple[str, str], ...]) -> str:
    return "".join(f'<path d="{outline}" fill="{colour}"/>' for outline, colour in shapes)


def _mountains() -> str:
    return f'{_filled(_MOUNTAINS)}<circle cx="500" cy="62" r="24" fill="{_GOLD}"/>'


def _sea(top: float, height: float) -> str:
    waves, corner = "q60-16 120 0t120 0 120 0 120 0 120 0", f"V{height - 14}q0 14-14 14H14q-14 0-14-14Z"
    lights = f"M40 {top + 40}h70M150 {top + 100}h90M470 {top + 52}h80M380 {top + 108}h60"
    return (
        f'<path d="M0 {top}{waves}{corner}" fill="{_RIVER}"/>'
        f'<path d="{lights}" stroke="#8cc4dd" stroke-width="4" stroke-linecap="round" opacity=".6"/>'
        f'<g transform="translate({WIDTH / 2 - 40:.0f} {top + 34:.0f}) scale(.62)">{_filled(_BOAT)}</g>'
    )


def _stop(number: int, title: str, address: str) -> str:
    y = _TOP + number * _STEP
    x = _x(y)
    left = x > WIDTH / 2 + 1 or (abs(x - WIDTH / 2) <= 1 and number % 4 == 0)
    away = 34 if abs(x - WIDTH / 2) > 20 else 40 + 1.0 * number  # in the middle the river crosses beside the label
    anchor, edge = ("end", x - away) if left else ("start", x + away)
    lines = wrap(title, 18)
    start = y + 8 - 13 * (len(lines) - 1)
    words = "".join(
        f'<text x="{edge:.0f}" y="{start + 26 * i:.0f}" text-anchor="{anchor}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return (
        f'<a xlink:href="{address}" font-family="Georgia, serif" font-size="22" fill="{_INK}">'
        f'<circle cx="{x:.1f}" cy="{y}" r="18" fill="{_GOLD}" stroke="{_PAPER}" stroke-width="4"/>'
        f'<text x="{x:.1f}" y="{y + 7}" text-anchor="middle" font-size="19">{number + 1}</text>{words}</a>'
    )
