"""The doorstep: where a connection waits, and gets what is at hand. Who asks for anything else is let in, and stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, whole. `last`: whether the connection ends with it."""

    said: bytes
    last: bool = False


Ask = Callable[[bytes], "Answer | asyncio.Future[Answer | None] | None"]
"""The answer to what came; None, or a future that comes to None, where somebody inside has to give it."""


class Keeper(Protocol):
    """Who keeps the door."""

    def answered(self, guest: Doorstep) -> None:
        """They get an answer, and may ask for more."""

    def let_in(self, guest: Doorstep, data: bytes) -> None:
        """They want what the doorstep has not, and said so by `data`."""

    def left(self, guest: Doorstep) -> None:
        """They went."""


class Doorstep(asyncio.Protocol):
    """One connection before it is let in."""

    __slots__ = ("_ask", "_keeper", "_making", "transport")

    def __init__(self, keeper: Keeper, ask: Ask) -> None:
        self._keeper, self._ask = keeper, ask
        self._making: asyncio.Future[Answer | None] | None = None
        self.transport: asyncio.Transport | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being made, or is on its way to them."""
        return self._making is not None or (self.transport is not None and self.transport.get_write_buffer_size() > 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._making is not None:
            self._making.cancel()
        self.transport = None
        self._keeper.left(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        answer = self._ask(data)
        if answer is None or isinstance(answer, Answer):
            self._go_on(answer, data)
            return
        assert self.transport is not None
        self.transport.pause_reading()
        self._keeper.answered(self)
        self._making = answer
        answer.add_done_callback(lambda made: self._made(made, data))

    def _made(self, made: asyncio.Future[Answer | None], data: bytes) -> None:
        self._making = None
        if self.transport is None or made.cancelled():
            return
        answer = None if made.exception() else made.result()  # whoever is inside meets the same, and says so
        self.transport.resume_reading()
        self._go_on(answer, data)

    def _go_on(self, answer: Answer | None, data: bytes) -> None:
        assert self.transport is not None
        if answer is None:
            self._keeper.let_in(self, data)
            return
        self._keeper.answered(self)
        self.transport.write(answer.said)
        if answer.last:
            self.transport.close()

    def pause_writing(self) -> None:
        """See asyncio.Protocol. Who does not take what was said is not heard until they do."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        if self.transport is not None:
            self.transport.resume_reading()
