"""All that is read off a trained network for its record."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import data, engine
from .networks import FullyConnected
from .specialization import ceiling, specialized_share

TIMINGS = 5  # passes over the test half, whose median is recorded


def measure(
    network: FullyConnected, parts: data.Partition, *, num_classes: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of a trained network: accuracies, correct predictions as bits, specialized neurons, cost."""
    metrics: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name in ("validation", "test", "official"):
        part = getattr(parts, name)
        if part is not None:
            correct = predictions(network, part) == part.labels.numpy()
            metrics |= {f"{name}_accuracy": 100 * float(correct.mean()), f"{name}_samples": len(correct)}
            arrays[f"{name}_correct"] = np.packbits(correct)
    found, arrays["specialized"] = specialization(network, parts.test, num_classes=num_classes)
    return metrics | found | cost(network, parts.test), arrays


def predictions(network: nn.Module, part: data.Part) -> np.ndarray:
    """The most likely class of every sample."""
    (scores,) = engine.predict(network, part.inputs)
    return scores.argmax(1).numpy()


def specialization(
    network: FullyConnected, test: data.Part, *, num_classes: int
) -> tuple[dict[str, float], np.ndarray]:
    """Mean share of specialized hidden neurons, its ceiling, the share of dead ones, and the share for each class."""
    network.eval()
    with torch.inference_mode():
        layers = [layer.numpy() for layer in network.activations(test.inputs)]
    labels = test.labels.numpy()
    shares = specialized_share(layers, labels, num_classes=num_classes)
    dead = sum(int((layer == layer[0]).all(0).sum()) for layer in layers) / sum(layer.shape[1] for layer in layers)
    metrics = {
        "specialized": float(shares.mean()),  # %
        "specialized_ceiling": ceiling(labels, num_classes=num_classes),  # %
        "dead": 100 * dead,  # %, the same for every test sample
    }
    return metrics, shares.astype(np.float32)


@torch.inference_mode()
def cost(network: nn.Module, test: data.Part) -> dict[str, float]:
    """Parameters, and milliseconds of one pass over the test half."""
    network.eval()
    seconds = []
    for _ in range(TIMINGS):
        started = time.perf_counter()
        for chunk in test.inputs.split(500):
            network(chunk)
        seconds.append(time.perf_counter() - started)
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "inference_milliseconds": 1000 * float(np.median(seconds)),
    }
