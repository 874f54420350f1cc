"""Networks that journeys left on their way, from the cache or from a journey made now."""

import copy

from torch import nn

from .. import engine
from ..records.store import commit
from .config import Config
from .journey import cached_left, left_path, travel
from .setup import sets_of


def left_behind(config: Config, *, progress: bool = True) -> list[nn.Module]:
    """The networks that a journey left at its checkpoints and at its end, in this order.

    A journey whose weights are not in the cache, whole, is made again, and leaves them there. Raises `Diverged`.
    """
    epochs = (*config.marks, config.length)
    found = [cached_left(config, epoch=epoch) for epoch in epochs]
    if all(network is not None for network in found):
        return found
    kept: dict[int, nn.Module] = {}

    def keep(network: nn.Module, epoch: int) -> None:
        engine.save_weights(network, left_path(config, epoch), commit=commit())
        kept[epoch] = copy.deepcopy(network).eval()

    travel(config, sets_of(config, engine.choose_device()), keep=keep, progress=progress)
    return [kept[epoch] for epoch in epochs]
