"""Sweeps: one notebook with many parameters, a task each, on this machine's cores or GPUs or on a cluster, by Dask."""
