"""Headwaters: publish a work from your own machine, and be paid for it, with nobody in between."""

__version__ = "0.1.0"
