"""Makers: each module makes some recipes, and lists them in RECIPES; `errands/workshop.py` gathers them."""
