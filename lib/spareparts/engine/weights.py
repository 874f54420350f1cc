"""Trained weights in the cache, so that a later instrument needs no training."""

import contextlib
import io
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's state whole; where the cache cannot be written this warns, and the run keeps its record."""
    write(network.state_dict(), path)


def write(content: Any, path: Path) -> None:
    """Write a file for `torch.load` whole: under a temporary name, then renamed; warn where it cannot be written."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    temporary = path.with_name(f".{path.name}-{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(buffer.getvalue())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        warnings.warn(f"weights not cached in {path}: {error.strerror or error}", stacklevel=3)


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Read a network's state; `FileNotFoundError` names the file where there is none."""
    if not path.exists():
        raise FileNotFoundError(f"no trained weights at {path}; run the config again to make them")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network
