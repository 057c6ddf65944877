"""Strangers' files are read in processes of their own: `program.py` runs a program there, `client.py` asks a
function of an adapter, and `limited.py` says how little either may take of the machine.
See docs/decisions/strangers.md."""
