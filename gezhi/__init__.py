"""Gezhi 格治: the working system of a county's grass-roots governance."""

__version__ = "0.1.0"
