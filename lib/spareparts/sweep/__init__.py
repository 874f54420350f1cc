"""Sweeps: many notebooks, or one with many parameters, on this machine's cores or GPUs or on a cluster.

Dask schedules; this package turns grids into cells, executes one notebook a task, and says what is recorded.
"""
