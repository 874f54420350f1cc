"""A layer of a sequential network, and all that its units feed."""

from typing import NamedTuple

from torch import Tensor, nn

WEIGHTED = (nn.Linear, nn.Conv2d)


class Parts(NamedTuple):
    """A network cut at a layer: `tail(consumer(between(head(images))))`."""

    head: nn.Sequential  # up to the layer, which is its last module
    between: nn.Sequential  # normalization, ReLU, pooling, flattening
    consumer: nn.Linear | nn.Conv2d  # the next layer with weights, whose input the units are
    tail: nn.Sequential

    @property
    def layer(self) -> nn.Linear | nn.Conv2d:
        """The layer itself."""
        return self.head[-1]


def cut(network: nn.Sequential, layer: str) -> Parts:
    """Cut a network at the layer of that name; `ValueError` where it has no units that a later layer takes."""
    if not isinstance(network, nn.Sequential):
        raise ValueError(f"network must be a Sequential, got a {type(network).__name__}")
    names = weighted(network)
    if layer not in names[:-1]:
        raise ValueError(f"layer must be one of {', '.join(names[:-1])}, got {layer!r}")
    places = list(network._modules)
    start, stop = places.index(layer) + 1, places.index(names[names.index(layer) + 1])
    parts = Parts(network[:start], network[start:stop], network[stop], network[stop + 1 :])
    if isinstance(parts.consumer, nn.Conv2d) and parts.consumer.groups != 1:
        raise ValueError(f"convolutions must have one group, got {parts.consumer.groups} in {names[-1]}")
    return parts


def halves(network: nn.Sequential, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
    """What comes before a layer, and the network from that layer on; `ValueError` as of `cut`."""
    before = len(cut(network, layer).head) - 1
    return network[:before], network[before:]


def weighted(network: nn.Sequential) -> list[str]:
    """Names of the fully connected and convolutional layers, in order."""
    return [name for name, module in network.named_children() if isinstance(module, WEIGHTED)]


def by_unit(parts: Parts, weight: Tensor) -> Tensor:
    """The consumer's weights as (outputs, units, ...): pixels of a flattened filter along the last axis."""
    units = parts.layer.weight.shape[0]
    return weight if weight.dim() == 4 else weight.unflatten(1, (units, -1))
