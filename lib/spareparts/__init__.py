"""Spare Parts: redundancy and specialisation in small neural networks, reproduced."""

__version__ = "0.1.0"
