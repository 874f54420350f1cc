"""What inference costs: forward times of two networks, measured in turn."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

ROUNDS, BATCH = 30, 500


@torch.no_grad()
def forward_seconds(
    first: nn.Module,
    second: nn.Module,
    images: Float[Tensor, "batch channels height width"],
    *,
    rounds: int = ROUNDS,
    batch_size: int = BATCH,
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of a forward pass over one batch, one per round and network; which goes first changes every round.

    Raises `ValueError` for less than one round or image.
    """
    for name, value in {"rounds": rounds, "batch_size": batch_size, "images": len(images)}.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    networks, times, batch = (first, second), np.empty((2, rounds)), images[:batch_size]
    were_training = [network.training for network in networks]
    for network in networks:
        network.eval()(batch)  # first passes choose kernels and take memory
    for turn in range(rounds):
        for place in (0, 1) if turn % 2 == 0 else (1, 0):
            wait(batch.device)
            started = time.perf_counter()
            networks[place](batch)
            wait(batch.device)
            times[place, turn] = time.perf_counter() - started
    for network, training in zip(networks, were_training, strict=True):
        network.train(training)
    return times[0], times[1]


def wait(device: torch.device) -> None:
    """Let a GPU finish what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def parameter_count(network: nn.Module) -> int:
    """How many numbers a network has learned."""
    return sum(parameter.numel() for parameter in network.parameters())


def compare_inference(networks: Sequence[nn.Module], images: Tensor) -> dict[str, list[float] | int]:
    """Forward times and parameters of the baseline and of the network with SNNL, as a record holds them."""
    times = forward_seconds(*networks, images)
    found: dict[str, list[float] | int] = {}
    for arm, seconds, network in zip(("baseline", "snnl"), times, networks, strict=True):
        found[f"{arm}_forward_seconds"] = [round(float(each), 6) for each in seconds]
        found[f"{arm}_parameters"] = parameter_count(network)
    return found
