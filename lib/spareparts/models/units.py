"""Which parameters belong to the same units, so that a network's function does not change if these are permuted."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .layers import Headed
from .residual import Block, Padding, Residual


class Place(NamedTuple):
    """Where the units of a group stand in one entry of the network's state."""

    name: str
    axis: int
    positions: Int[Tensor, "units repeats"]  #: several a unit where its image was flattened


Group = tuple[Place, ...]  # places of the same units, which are permuted together
ACROSS = ("shortcut.0", "shortcut.1")  # of a projection, in its block


def unit_groups(network: nn.Module) -> list[Group]:
    """Groups of exchangeable units: hidden layers of a plain network, blocks and streams of ResNets and MobileNetV2.

    Raises `ValueError` for a network of another kind.
    """
    if isinstance(network, Residual) and isinstance(network.blocks[0], Block):
        inner, outer = ("convolution1", "normalization1"), ("convolution2", "normalization2")
        return _residual(network, stem=("stem.0", "stem.1"), inner=inner, outer=outer, end="classifier")
    if isinstance(network, Residual):
        inner, outer = ("expand.0", "expand.1", "depthwise.0", "depthwise.1"), ("project.0", "project.1")
        groups = _residual(network, stem=("stem.0.0", "stem.0.1"), inner=inner, outer=outer, end="last.0.0")
        return [*groups, (*_writes(network, ("last.0.0", "last.0.1")), _reads(network, "classifier"))]
    if isinstance(network, nn.Sequential):
        return _plain(network, [name for name, _ in network.named_children()])
    if isinstance(network, Headed) and isinstance(network.body, nn.Sequential):
        return _plain(network, [*(f"body.{name}" for name, _ in network.body.named_children()), "classifier"])
    known = "plain networks, ResNets and MobileNetV2"
    raise ValueError(f"units can be matched in {known}, got {type(network).__name__}")


def _plain(network: nn.Module, names: Sequence[str]) -> list[Group]:
    """One group for each layer but the last: its filters, their BatchNorm, and what the next layer reads of them."""
    groups: list[Group] = []
    own: list[Place] = []
    for name in names:
        layer = network.get_submodule(name)
        if isinstance(layer, nn.Linear | nn.Conv2d):
            if own:
                count = len(own[0].positions)
                repeats = torch.arange(layer.weight.shape[1]).view(count, -1)
                groups.append((*own, Place(f"{name}.weight", 1, repeats)))
            own = _writes(network, [name])
        elif isinstance(layer, _BatchNorm):
            own += _writes(network, [name])
        elif any(True for _ in layer.parameters()):
            own = []  # what a layer of another kind reads stays in its order
    return groups


def _writes(network: nn.Module, names: Sequence[str], units: Int[Tensor, " units"] | None = None) -> list[Place]:
    """All that a convolution and its BatchNorm have for each filter: weights, bias, statistics."""
    return [
        Place(f"{name}.{key}", 0, (torch.arange(len(value)) if units is None else units)[:, None])
        for name in names
        for key, value in network.get_submodule(name).state_dict().items()
        if value.dim() > 0
    ]


def _reads(network: nn.Module, name: str, units: Int[Tensor, " units"] | None = None) -> Place:
    """Where a layer reads its inputs."""
    count = network.get_submodule(name).weight.shape[1]
    return Place(f"{name}.weight", 1, (torch.arange(count) if units is None else units)[:, None])


def _residual(
    network: nn.Module, *, stem: Sequence[str], inner: Sequence[str], outer: Sequence[str], end: str
) -> list[Group]:
    """The channels inside each block, and the streams: where their channels stand now, and where they stood before.

    The channels of a stream are one group from where they begin, in the stem or where padding widens the stream, to
    where a layer ends them, since every block adds to them.
    """
    places, groups = _writes(network, stem), []
    streams = [(torch.arange(len(places[0].positions)), places)]
    for number, block in network.blocks.named_children():
        into, out, across = ([f"blocks.{number}.{name}" for name in names] for names in (inner, outer, ACROSS))
        filters, projected = len(network.get_submodule(out[0]).weight), isinstance(block.shortcut, nn.Sequential)
        groups.append((*_writes(network, into), _reads(network, out[0])))
        for units, places in streams:
            places.append(_reads(network, into[0], units))
            places += [_reads(network, across[0], units)] if projected else []
        if isinstance(block.shortcut, Padding):  # the streams go on in the middle of a new one
            before, after = block.shortcut.before, block.shortcut.after
            added = torch.tensor([*range(before), *range(filters - after, filters)])
            streams = [*((units + before, places) for units, places in streams), (added, [])]
        elif not isinstance(block.shortcut, nn.Identity):  # new channels, with nothing of the old in them as they were
            groups += [tuple(places) for _, places in streams]
            streams = [(torch.arange(filters), [])]
        for units, places in streams:
            places += _writes(network, out + across if projected else out, units)
    return groups + [(*places, _reads(network, end, units)) for units, places in streams]
