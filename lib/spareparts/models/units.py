"""Which parameters belong to the same units, so that a network's function does not change if these are permuted."""

import dataclasses
from collections.abc import Mapping, Sequence
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
    positions: Int[Tensor, "units repeats"]  # several a unit where its image was flattened


Group = tuple[Place, ...]  # places of the same units, which are permuted together


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
        return _plain(dict(network.named_children()))
    if isinstance(network, Headed) and isinstance(network.body, nn.Sequential):
        body = {f"body.{name}": layer for name, layer in network.body.named_children()}
        return _plain(body | {"classifier": network.classifier})
    known = "plain networks, ResNets and MobileNetV2"
    raise ValueError(f"units can be matched in {known}, got {type(network).__name__}")


def _plain(layers: Mapping[str, nn.Module]) -> list[Group]:
    """One group for each layer but the last: its filters, their BatchNorm, and what the next layer reads of them."""
    groups: list[Group] = []
    own: list[Place] = []
    for name, layer in layers.items():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            if own:
                count = len(own[0].positions)
                repeats = torch.arange(layer.weight.shape[1]).view(count, -1)
                groups.append((*own, Place(f"{name}.weight", 1, repeats)))
            own = _entries(name, layer)
        elif isinstance(layer, _BatchNorm):
            own += _entries(name, layer)
        elif any(True for _ in layer.parameters()):
            own = []  # what a layer of another kind reads stays in its order
    return groups


def _entries(name: str, layer: nn.Module, units: Int[Tensor, " units"] | None = None) -> list[Place]:
    """All that a layer has for each of its filters: weights, bias, statistics."""
    entries = {key: value for key, value in layer.state_dict().items() if value.dim() > 0}
    return [
        Place(f"{name}.{key}", 0, (torch.arange(len(value)) if units is None else units)[:, None])
        for key, value in entries.items()
    ]


def _writes(network: nn.Module, names: Sequence[str], units: Int[Tensor, " units"] | None = None) -> list[Place]:
    """What a convolution and its BatchNorm have for each filter."""
    return [place for name in names for place in _entries(name, network.get_submodule(name), units)]


def _reads(network: nn.Module, name: str, units: Int[Tensor, " units"] | None = None) -> Place:
    """Where a layer reads its inputs."""
    count = network.get_submodule(name).weight.shape[1]
    return Place(f"{name}.weight", 1, (torch.arange(count) if units is None else units)[:, None])


@dataclasses.dataclass(kw_only=True)
class _Stream:
    """Channels that blocks add to, where they stand now, and where they stood before."""

    units: Int[Tensor, " units"]
    places: list[Place]


def _residual(
    network: nn.Module, *, stem: Sequence[str], inner: Sequence[str], outer: Sequence[str], end: str
) -> list[Group]:
    """The channels inside each block, and the streams.

    The channels of a stream are one group from where they begin, in the stem or where padding widens the stream, to
    where a layer ends them, since every block adds to them.
    """
    places, groups = _writes(network, stem), []
    streams = [_Stream(units=torch.arange(len(places[0].positions)), places=places)]
    for number, block in network.blocks.named_children():
        prefix = f"blocks.{number}"
        into, out = ([f"{prefix}.{name}" for name in names] for names in (inner, outer))
        groups.append((*_writes(network, into), _reads(network, out[0])))
        for stream in streams:
            stream.places.append(_reads(network, into[0], stream.units))
        projected = isinstance(block.shortcut, nn.Sequential)
        if isinstance(block.shortcut, Padding):
            streams.append(_widened(streams, block.shortcut, filters=len(network.get_submodule(out[0]).weight)))
        elif not isinstance(block.shortcut, nn.Identity):  # new channels, with nothing of the old in them as they were
            for stream in streams:
                stream.places += [_reads(network, f"{prefix}.shortcut.0", stream.units)] if projected else []
            groups += [tuple(stream.places) for stream in streams]
            streams = [_Stream(units=torch.arange(len(network.get_submodule(out[0]).weight)), places=[])]
        for stream in streams:
            stream.places += _writes(network, out, stream.units)
            if projected:
                stream.places += _writes(network, (f"{prefix}.shortcut.0", f"{prefix}.shortcut.1"))
    return groups + [(*stream.places, _reads(network, end, stream.units)) for stream in streams]


def _widened(streams: list[_Stream], padding: Padding, *, filters: int) -> _Stream:
    """The stream that padding begins; the others go on in its middle."""
    for stream in streams:
        stream.units = stream.units + padding.before
    added = [*range(padding.before), *range(filters - padding.after, filters)]
    return _Stream(units=torch.tensor(added), places=[])
