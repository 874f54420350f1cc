"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .interactive import unit_graph

__all__ = ["unit_graph"]
