"""Typed keys under which the application carries what handlers need."""

from __future__ import annotations

from aiohttp import web

from headwaters.errands.house import House
from headwaters.errands.intake import Intake
from headwaters.errands.press import Press
from headwaters.errands.workshop import Workshop

HOUSE: web.AppKey[House] = web.AppKey("house", House)
INTAKE: web.AppKey[Intake] = web.AppKey("intake", Intake)
PRESS: web.AppKey[Press] = web.AppKey("press", Press)
WORKSHOP: web.AppKey[Workshop] = web.AppKey("workshop", Workshop)
