"""Other processes that draw and play, so that all cores work: `python -m headwaters.demo.workers TASK …`.

Plain child processes and pipes, because they need nothing of the process that starts them (which may have threads),
and end by themselves when it ends: writing into a closed pipe stops them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

COUNT = max(1, min(4, os.cpu_count() or 1))


@contextmanager
def started(tasks: list[list[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run one process a task; their standard outputs are pipes. At the end all are gone."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    running: list[subprocess.Popen[bytes]] = []
    try:
        for task in tasks:
            line = [sys.executable, "-m", "headwaters.demo.workers", *task]
            running.append(subprocess.Popen(line, stdout=subprocess.PIPE, env=environment))
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def run_all(tasks: list[list[str]], done: Callable[[int], None]) -> None:
    """Every task once, as many at a time as there are cores; `done(n)` after each, with how many are."""
    waiting, finished = list(tasks), 0
    with ExitStack() as everything:
        processes: list[tuple[ExitStack, subprocess.Popen[bytes]]] = []
        while waiting or processes:
            while waiting and len(processes) < COUNT:
                stack = everything.enter_context(ExitStack())
                processes.append((stack, stack.enter_context(started([waiting.pop(0)]))[0]))
            stack, process = processes.pop(0)
            if process.wait():
                raise RuntimeError(f"a process of the demo failed: {process.args!r}")
            stack.close()
            finished += 1
            done(finished)


def main(arguments: list[str]) -> None:
    """frames SCALE SECONDS RATE FIRST STEP | piece NAME SHARE FILE | picture NAME SCALE FILE"""
    task, *values = arguments
    try:
        if task == "frames":
            from headwaters.demo import film

            scale, seconds, rate = (float(v) for v in values[:3])
            film.write_frames(sys.stdout.buffer, scale, seconds, rate, int(values[3]), int(values[4]))
        elif task == "piece":
            from headwaters.demo import music

            music.render(values[0], float(values[1]), Path(values[2]))
        elif task == "picture":
            from headwaters.demo import pictures

            pictures.MAKERS[values[0]](Path(values[2]), float(values[1]))
        else:
            raise SystemExit(f"unknown task: {task}")
    except BrokenPipeError:
        os._exit(1)  # whoever read has gone: nothing to flush to


if __name__ == "__main__":
    main(sys.argv[1:])
