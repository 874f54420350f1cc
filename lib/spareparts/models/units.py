"""Which parameters belong to the same units, so that a network's function does not change if these are permuted."""

import dataclasses
from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .headed import Headed
from .mobilenet import MobileNetV2
from .resnet import ResNet


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """Where the units of a group stand in one entry of the network's state."""

    name: str
    axis: int
    positions: Int[Tensor, "units repeats"]  # several a unit where its image was flattened


Group = tuple[Place, ...]  # places of the same units, which are permuted together


def unit_groups(network: nn.Module) -> list[Group]:
    """Groups of exchangeable units: hidden layers of a plain network, blocks and streams of ResNets and MobileNetV2.

    The channels of a residual stream are one group from where they begin to where a layer ends them, since every block
    adds to them. Raises `ValueError` for a network of another kind.
    """
    if isinstance(network, nn.Sequential):
        return _plain(dict(network.named_children()))
    if isinstance(network, Headed) and isinstance(network.body, nn.Sequential):
        body = {f"body.{name}": layer for name, layer in network.body.named_children()}
        return _plain(body | {"classifier": network.classifier})
    if isinstance(network, ResNet):
        return _residual(network)
    if isinstance(network, MobileNetV2):
        return _inverted(network)
    known = "plain networks, ResNets and MobileNetV2"
    raise ValueError(f"units can be matched in {known}, got {type(network).__name__}")


def _place(name: str, axis: int, units: Int[Tensor, " units"], *, repeats: int = 1) -> Place:
    return Place(name=name, axis=axis, positions=units[:, None] * repeats + torch.arange(repeats))


def _plain(layers: Mapping[str, nn.Module]) -> list[Group]:
    """One group for each layer but the last: its filters, their BatchNorm, and what the next layer reads of them."""
    groups: list[Group] = []
    own: list[Place] = []
    for name, layer in layers.items():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            if own:
                count = len(own[0].positions)
                groups.append((*own, _place(f"{name}.weight", 1, torch.arange(count), repeats=_inputs(layer) // count)))
            own = _entries(name, layer, torch.arange(len(layer.weight)))
        elif isinstance(layer, _BatchNorm):
            own += _entries(name, layer, torch.arange(layer.num_features))
    return groups


def _inputs(layer: nn.Linear | nn.Conv2d) -> int:
    return layer.weight.shape[1]


def _entries(name: str, layer: nn.Module, units: Int[Tensor, " units"]) -> list[Place]:
    """All that a layer has for each of its filters: weights, bias, statistics."""
    entries = [key for key, value in layer.state_dict().items() if value.dim() > 0]
    return [_place(f"{name}.{key}", 0, units) for key in entries]


def _residual(network: ResNet) -> list[Group]:
    """The channels between the two convolutions of each block, and the streams."""
    groups = []
    for name, block in network.blocks.named_children():
        units = torch.arange(len(block.convolution1.weight))
        inner = _entries(f"blocks.{name}.convolution1", block.convolution1, units)
        inner += _entries(f"blocks.{name}.normalization1", block.normalization1, units)
        groups.append((*inner, _place(f"blocks.{name}.convolution2.weight", 1, units)))
    return groups + _streams(network)


@dataclasses.dataclass(kw_only=True)
class _Stream:
    """Channels that blocks add to, where they stand now, and where they stood before."""

    units: Int[Tensor, " units"]
    places: list[Place]


def _streams(network: ResNet) -> list[Group]:
    """Channels of the stream that began together: in the stem, or where a shortcut widened the stream."""
    units = torch.arange(len(network.stem[0].weight))
    streams = [_Stream(units=units, places=_entries("stem.0", network.stem[0], units))]
    streams[0].places += _entries("stem.1", network.stem[1], units)
    ended: list[_Stream] = []
    for name, block in network.blocks.named_children():
        for stream in streams:
            stream.places.append(_place(f"blocks.{name}.convolution1.weight", 1, stream.units))
        streams, over = _through(streams, block.shortcut, f"blocks.{name}.shortcut", len(block.convolution2.weight))
        ended += over
        for stream in streams:
            for part in ("convolution2", "normalization2"):
                stream.places += _entries(f"blocks.{name}.{part}", getattr(block, part), stream.units)
    for stream in streams:
        stream.places.append(_place("classifier.weight", 1, stream.units))
    return [tuple(stream.places) for stream in ended + streams]


def _through(
    streams: list[_Stream], shortcut: nn.Module, prefix: str, filters: int
) -> tuple[list[_Stream], list[_Stream]]:
    """Streams after a shortcut, and those that end there: padding goes on with all, a projection with none."""
    if isinstance(shortcut, nn.Identity):
        return streams, []
    if isinstance(shortcut, nn.Sequential):
        for stream in streams:
            stream.places.append(_place(f"{prefix}.0.weight", 1, stream.units))
        units = torch.arange(filters)
        places = _entries(f"{prefix}.0", shortcut[0], units) + _entries(f"{prefix}.1", shortcut[1], units)
        return [_Stream(units=units, places=places)], streams
    for stream in streams:
        stream.units = stream.units + shortcut.before
    added = [*range(shortcut.before), *range(filters - shortcut.after, filters)]
    return [*streams, _Stream(units=torch.tensor(added), places=[])], []


def _inverted(network: MobileNetV2) -> list[Group]:
    """The channels inside each block, the streams between layers that change them, and the last features."""
    groups: list[Group] = []
    stream = _normalized("stem.0", network.stem[0])
    for name, block in network.blocks.named_children():
        prefix, shortcut = f"blocks.{name}", block.shortcut
        inner = _normalized(f"{prefix}.expand", block.expand) + _normalized(f"{prefix}.depthwise", block.depthwise)
        groups.append((*inner, _reads(f"{prefix}.project.0", block.project[0])))
        stream.append(_reads(f"{prefix}.expand.0", block.expand[0]))
        added = _normalized(f"{prefix}.project", block.project)
        if isinstance(shortcut, nn.Identity):
            stream += added
            continue
        if shortcut is not None:
            stream.append(_reads(f"{prefix}.shortcut.0", shortcut[0]))
            added += _normalized(f"{prefix}.shortcut", shortcut)
        groups.append(tuple(stream))
        stream = added
    groups.append((*stream, _reads("last.0.0", network.last[0][0])))
    return [*groups, (*_normalized("last.0", network.last[0]), _reads("classifier", network.classifier))]


def _normalized(name: str, layers: nn.Sequential) -> list[Place]:
    """A convolution's filters and their BatchNorm."""
    units = torch.arange(len(layers[0].weight))
    return [place for number in (0, 1) for place in _entries(f"{name}.{number}", layers[number], units)]


def _reads(name: str, layer: nn.Linear | nn.Conv2d) -> Place:
    """Where a layer reads its inputs."""
    return _place(f"{name}.weight", 1, torch.arange(_inputs(layer)))
