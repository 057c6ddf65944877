"""Loaded by each Python process that a test starts (its folder is on PYTHONPATH): keeps it on loopback."""

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("_network_guard", Path(__file__).parent.parent / "network.py")
assert _spec
assert _spec.loader
_network = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_network)
_network.lay_guard(lambda host: sys.stderr.write(f"{_network.MARK} {host}\n"))
