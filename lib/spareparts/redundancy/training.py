"""Training as Figure 1 has it: the weights of smallest validation loss are kept, and a layer's on the way there."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, data, engine
from ..records import Diverged
from .parts import cut
from .setup import Part, Sets, Settings, optimizer_of

READINGS = 10  # at least so many along training, or one an epoch
SHOWN_IMAGES = 500  # first validation images, on which the units' outputs are read


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """A trained network, and how it came about."""

    network: nn.Sequential  # with the weights that are studied
    initial: nn.Sequential  # as it began
    best_step: int  # whose weights are studied
    epoch: int  # steps
    steps: list[int]  # of the readings, from 0
    snapshots: Float[Tensor, "epochs units fan_in"] | None  # the studied layer at these steps
    outputs: Float[Tensor, "epochs shown units"] | None  # of its units, after their ReLU, on some validation images
    losses: list[float]  # mean training loss before each reading but the first
    validation_losses: list[float]  # at each reading
    seconds: float


class Watch:
    """Callback that keeps the weights of smallest validation loss, and a layer's weights at every reading."""

    def __init__(self, network: nn.Sequential, validation: Part, *, layer: str | None, last: bool) -> None:
        self.validation, self.layer, self.last = validation, layer, last
        self.steps: list[int] = []
        self.losses: list[float] = []
        self.snapshots: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.best: dict[str, Tensor] = {}
        self.best_step = 0
        self.read(network, 0)

    def __call__(self, progress: engine.Progress) -> None:
        """Read once."""
        self.read(progress.replica.network, progress.step)

    def read(self, network: nn.Sequential, step: int) -> None:
        """Note the validation loss, and the weights where they are the best so far."""
        loss = loss_of(network, self.validation)
        if self.last or not self.losses or loss < min(self.losses):
            self.best = {name: value.detach().clone() for name, value in network.state_dict().items()}
            self.best_step = step
        self.steps.append(step)
        self.losses.append(loss)
        if self.layer is not None:
            self.snapshots.append(network.get_submodule(self.layer).weight.detach().flatten(1).cpu().clone())
            parts = cut(network, self.layer)
            front = nn.Sequential(parts.head, parts.between)
            (given,) = engine.predict(front, self.validation.images[:SHOWN_IMAGES])
            self.outputs.append(given.cpu().half())

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        names = ("steps", "losses", "snapshots", "outputs", "best", "best_step")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with what a checkpoint kept."""
        for name, value in state.items():
            setattr(self, name, value)


def train(
    network: nn.Sequential,
    sets: Sets,
    *,
    settings: Settings,
    stream: torch.Generator,
    layer: str | None = None,
    last: bool = False,
    name: str = "network",
    checkpoint: Path | None = None,
    progress: bool = True,
) -> Trained:
    """Train a network, which ends with its weights of smallest validation loss, or the `last` ones; raises `Diverged`.

    The stream orders the batches; `layer` names a fully connected one whose weights are kept along the way.
    """
    initial = copy.deepcopy(network)
    watch = Watch(network, sets.validation, layer=layer, last=last)
    replica = _replica(network, sets, watch, settings=settings, stream=stream, name=name)
    end = _fit(replica, settings, checkpoint=checkpoint, progress=progress)
    network.load_state_dict(watch.best)
    return _trained(network, initial, watch, end, epoch=len(replica.batches))


def _fit(replica: engine.Replica, settings: Settings, *, checkpoint: Path | None, progress: bool) -> engine.Outcome:
    """How the training ends; raises `Diverged`."""
    (end,) = engine.fit(
        [replica],
        steps=settings.iterations,
        every=max(1, min(len(replica.batches), settings.iterations // READINGS)),
        precision=settings.precision,
        progress=progress,
        checkpoint=checkpoint,
    )
    if end.diverged_step is not None:
        raise Diverged(end.diverged_step)
    return end


def _replica(
    network: nn.Sequential, sets: Sets, watch: Watch, *, settings: Settings, stream: torch.Generator, name: str
) -> engine.Replica:
    """What the engine trains."""
    optimizer, size = optimizer_of(network, settings), min(settings.batch_size, len(sets.train.labels))
    return engine.Replica(
        name=name,
        network=network,
        objective=objective,
        optimizer=optimizer,
        batches=data.Batches(*sets.train, batch_size=size, generator=stream),
        schedule=schedule_of(optimizer, settings),
        callbacks=(watch,),
    )


def _trained(
    network: nn.Sequential, initial: nn.Sequential, watch: Watch, end: engine.Outcome, *, epoch: int
) -> Trained:
    """All that is known of a training that has ended."""
    layers = watch.layer is not None
    return Trained(
        network=network.eval(),
        initial=initial.eval(),
        best_step=watch.best_step,
        epoch=epoch,
        steps=watch.steps,
        snapshots=torch.stack(watch.snapshots) if layers else None,
        outputs=torch.stack(watch.outputs).float() if layers else None,
        losses=end.losses,
        validation_losses=watch.losses,
        seconds=end.seconds,
    )


def objective(network: nn.Module, batch: data.Batch, settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Mean cross entropy."""
    return functional.cross_entropy(network(batch.inputs), batch.labels)


def schedule_of(optimizer: torch.optim.Optimizer, settings: Settings) -> torch.optim.lr_scheduler.LRScheduler | None:
    """A learning rate divided by 10 at each drop; None where it stays."""
    if not settings.drops:
        return None
    milestones = [max(1, round(share * settings.iterations)) for share in settings.drops]
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones)


def loss_of(network: nn.Module, part: Part) -> float:
    """Mean cross entropy over all images, in nats; `ValueError` for labels that are not one an image."""
    checks.equally_many(**part._asdict())
    (scores,) = engine.predict(network, part.images)
    return float(functional.cross_entropy(scores, part.labels))


def accuracy(network: nn.Module, part: Part) -> float:
    """Images classified correctly, in %; `ValueError` for labels that are not one an image."""
    checks.equally_many(**part._asdict())
    (scores,) = engine.predict(network, part.images)
    return 100 * float((scores.argmax(1) == part.labels).double().mean())
