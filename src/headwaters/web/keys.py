"""Typed keys under which the application carries what handlers need."""

from __future__ import annotations

from aiohttp import web

from headwaters.errands.house import House
from headwaters.errands.worker import Worker

HOUSE: web.AppKey[House] = web.AppKey("house", House)
WORKER: web.AppKey[Worker] = web.AppKey("worker", Worker)
