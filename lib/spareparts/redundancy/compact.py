"""Physically smaller networks: pruned units and all that reads them are gone."""

import copy
from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor, nn

from .parts import Parts, by_unit, cut


@torch.no_grad()
def compact(network: nn.Sequential, kept: Mapping[str, Int[Tensor, " units"]]) -> nn.Sequential:
    """A copy with only these units of these layers, which gives what the network gives with the others masked.

    Raises `ValueError` for a layer that feeds no other, and for units that are none, repeated, or not of the layer.
    """
    smaller = copy.deepcopy(network)
    for name, units in kept.items():
        parts = cut(smaller, name)
        count = len(parts.layer.weight)
        chosen = sorted(set(units.tolist()))
        if not chosen or len(chosen) < len(units) or not 0 <= chosen[0] <= chosen[-1] < count:
            raise ValueError(f"kept units of {name} must be some of 0..{count - 1}, each once, got {units.tolist()}")
        _keep(parts, torch.tensor(chosen, device=parts.layer.weight.device))
    return smaller


def _keep(parts: Parts, chosen: Tensor) -> None:
    columns = by_unit(parts, parts.consumer.weight)[:, chosen]
    _shrink(parts.layer, chosen, "weight", "bias")
    for module in parts.between:
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            _shrink(module, chosen, "weight", "bias", "running_mean", "running_var")
            module.num_features = len(chosen)
    if isinstance(parts.layer, nn.Conv2d):
        parts.layer.out_channels = len(chosen)
    else:
        parts.layer.out_features = len(chosen)
    if isinstance(parts.consumer, nn.Conv2d):
        parts.consumer.in_channels = len(chosen)
    else:
        columns = columns.flatten(1)
        parts.consumer.in_features = columns.shape[1]
    parts.consumer.weight = nn.Parameter(columns.clone(memory_format=torch.contiguous_format))


def _shrink(module: nn.Module, chosen: Tensor, *names: str) -> None:
    for name in names:
        tensor = getattr(module, name, None)
        if tensor is not None:
            smaller = tensor[chosen].clone(memory_format=torch.contiguous_format)
            setattr(module, name, nn.Parameter(smaller) if isinstance(tensor, nn.Parameter) else smaller)
