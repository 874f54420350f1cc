"""Trained weights in the cache, so that a later instrument needs no training."""

import io
from pathlib import Path

import torch
from torch import nn


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network's state whole: under a temporary name, then renamed."""
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(buffer.getvalue())
    temporary.replace(path)


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Read a network's state; `FileNotFoundError` names the file where there is none."""
    if not path.exists():
        raise FileNotFoundError(f"no trained weights at {path}; run the config again to make them")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network
