"""Trained weights in the cache, so that a later instrument needs no training."""

import contextlib
import io
import os
import warnings
from pathlib import Path

import torch
from torch import nn


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's state whole: under a temporary name, then renamed.

    Where the cache cannot be written this warns: that costs a later instrument its training, not this run its record.
    """
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    temporary = path.with_name(f".{path.name}-{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(buffer.getvalue())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        warnings.warn(f"weights not cached in {path}: {error.strerror or error}", stacklevel=2)


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Read a network's state; `FileNotFoundError` names the file where there is none."""
    if not path.exists():
        raise FileNotFoundError(f"no trained weights at {path}; run the config again to make them")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network
