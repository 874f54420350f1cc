"""Reproduces five papers on redundancy and specialisation in small neural networks, and goes beyond them."""
