"""Trained weights in the cache, so that a later instrument needs no training."""

import contextlib
import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

CHECKSUM = "sha256"


class DamagedFile(ValueError):
    """A cached file cannot be read, or does not hold what was written; the message names it."""


def save_weights(network: nn.Module, path: Path, *, commit: str = "unknown") -> None:
    """Write a network's state whole, with the commit of the code that made it.

    Where the cache cannot be written this warns, and the run keeps its record.
    """
    write({**network.state_dict(), "commit": commit}, path)


def write(content: dict[str, Any], path: Path) -> None:
    """Write a file for `read` whole: under a temporary name, then renamed; warn where it cannot be written."""
    buffer = io.BytesIO()
    torch.save({**content, CHECKSUM: checksum(content)}, buffer)
    temporary = path.with_name(f".{path.name}-{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(buffer.getvalue())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        warnings.warn(f"weights not cached in {path}: {error.strerror or error}", stacklevel=3)


def read(path: Path) -> dict[str, Any]:
    """What `write` was given, on the CPU; `DamagedFile` for anything else."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        expected = content.pop(CHECKSUM)
    except Exception as error:  # whatever torch.load makes of a file that is none of its own
        raise DamagedFile(f"{path} cannot be read, or has no checksum ({type(error).__name__})") from error
    if (found := checksum(content)) != expected:
        raise DamagedFile(f"{path} is damaged: {CHECKSUM} expected {expected}, found {found}")
    return content


def checksum(content: Any) -> str:
    """Sha256 of tensors' types, shapes and bytes, and of what else stands around them."""
    total = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, Tensor):
            flat = value.detach().cpu().contiguous()
            total.update(f"{flat.dtype}{tuple(flat.shape)}".encode())
            total.update(flat.reshape(-1).view(torch.uint8).numpy())
        elif isinstance(value, dict | list | tuple):
            total.update(f"{len(value)}:".encode())
            for item in value.items() if isinstance(value, dict) else value:
                add(item)
        else:
            total.update(f"{value!r};".encode())

    add(content)
    return total.hexdigest()


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Read a network's state; `FileNotFoundError` names the file where there is none, `DamagedFile` a damaged one."""
    if not path.exists():
        raise FileNotFoundError(f"no trained weights at {path}; run the config again to make them")
    weights = read(path)
    del weights["commit"]
    network.load_state_dict(weights)
    return network


def cached_weights(network: nn.Module, path: Path) -> nn.Module | None:
    """The network with the weights of a file, or None where they have to be made; a damaged file is warned of."""
    try:
        return load_weights(network, path)
    except FileNotFoundError:
        return None
    except DamagedFile as error:
        warnings.warn(f"trained again: {error}", stacklevel=2)
        return None
