"""Other processes that draw and play, so that all cores work: `python -m headwaters.demo.workers TASK …`.

Plain child processes and pipes, because they need nothing of the process that starts them (which may have threads),
and end by themselves when it ends: writing into a closed pipe stops them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COUNT = max(1, min(4, os.cpu_count() or 1))


@contextmanager
def started(tasks: list[list[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run one process a task; their standard outputs are pipes. At the end all are gone."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    running: list[subprocess.Popen[bytes]] = []
    try:
        for task in tasks:
            line = [sys.executable, "-m", "headwaters.demo.workers", *task]
            running.append(subprocess.Popen(line, stdout=subprocess.PIPE, env=environment))  # noqa: S603
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def main(arguments: list[str]) -> None:
    """frames SCALE SECONDS RATE FIRST STEP | piece NAME SHARE"""
    task, *values = arguments
    try:
        if task == "frames":
            from headwaters.demo import film

            film.write_frames(sys.stdout.buffer, *(float(v) for v in values[:3]), *(int(v) for v in values[3:]))
        else:
            raise SystemExit(f"unknown task: {task}")
    except BrokenPipeError:
        os._exit(1)  # whoever read has gone: nothing to flush to


if __name__ == "__main__":
    main(sys.argv[1:])
