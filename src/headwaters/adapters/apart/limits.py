"""How much of the machine a process of its own may take."""

from __future__ import annotations

from dataclasses import dataclass

GIGABYTE = 1 << 30
NICE = 15


@dataclass(frozen=True, slots=True)
class Limits:
    """`wall` and `cpu` in seconds, `memory` (address space) and `output` (each file that it writes, and its answer) in
    bytes; `still`: seconds in which a program may stand without progress; `nice`: 0 where somebody waits for it."""

    wall: float
    cpu: int
    memory: int = 2 * GIGABYTE
    output: int = 1 << 40
    still: float = 600.0
    nice: int = NICE
