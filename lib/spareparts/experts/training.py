"""From a config to what is trained: data, network, loss, batches and optimizer, from its seed alone."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import data, engine
from . import losses
from .config import BALANCED, CONTRASTED, Config
from .network import Mixture, MixtureOutput, full

ANNEALED_EPOCHS, ANNEALED_POWER = 25, 0.55  # t = 1/(1 + epoch)^0.55, an epoch being a 25th of the training


@functools.lru_cache(maxsize=2)
def tensors(dataset: str, split: str, device: str) -> tuple[Tensor, Tensor, int]:
    """Images scaled to [0, 1], labels and number of classes of a split, on the device; kept for the next run."""
    found = data.load(dataset, split, device=device)
    return data.to_float(found.images), found.labels, len(data.classes(dataset))


def training_set(config: Config, device: str) -> tuple[Tensor, Tensor, int]:
    """The training images of a run: all, or a stratified draw of `train_samples` by the run's seed."""
    images, labels, classes = tensors(config.dataset, "train", device)
    if config.train_samples is None:
        return images, labels, classes
    picked = data.stratified(labels, config.train_samples, seed=config.seed).to(device)
    return images[picked], labels[picked], classes


def build(config: Config, *, images: Tensor, classes: int, generator: torch.Generator) -> Mixture:
    """The untrained network of a config for images of that shape."""
    if images.shape[2] != images.shape[3] or images.shape[2] < 4:
        raise ValueError(f"images must be square and at least 4 pixels wide, got {tuple(images.shape[2:])}")
    names = ("experts", "hidden_units", "filters", "normalised_gate", "centred_gate")
    network = Mixture(
        channels=images.shape[1],
        size=images.shape[2],
        classes=classes,
        generator=generator,
        extractor=None if config.arm == "raw" else config.extractor,
        uniform_gates=config.arm == "ensemble",
        chosen_experts=config.chosen_experts if config.arm in BALANCED else None,
        learned_temperature=config.temperature_schedule == "learned",
        **{name: getattr(config, name) for name in names},
    )
    return network.to(images.device)


class TimedBatch(NamedTuple):
    """A batch with the share of the training that is done."""

    inputs: Float[Tensor, "batch ..."]
    labels: Int[Tensor, " batch"]
    progress: Float[Tensor, ""]  #: 0 at the first step, below 1 at the last


Batch = data.Batch | TimedBatch


class Timed(data.Batches):
    """Batches of a training that has so many steps, each with its progress."""

    def __init__(self, *parts: Tensor, steps: int, **settings: Any) -> None:
        super().__init__(*parts, **settings)
        self.steps, self.step = steps, 0

    def __next__(self) -> TimedBatch:
        batch = super().__next__()
        progress = torch.tensor(self.step / self.steps, device=batch.inputs.device)
        self.step += 1
        return TimedBatch(*batch, progress)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return super().state_dict() | {"step": self.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        super().load_state_dict(state)
        self.step = state["step"]


def two_views(
    images: Float[Tensor, "batch channels height width"], *, generator: torch.Generator
) -> Float[Tensor, "batch views channels height width"]:
    """Each image cropped and flipped twice."""
    return torch.stack([data.crop_and_flip(images, generator=generator) for _ in range(2)], dim=1)


def batches_of(config: Config, images: Tensor, labels: Tensor, *, generator: torch.Generator) -> data.Batches:
    """The batches that a config trains on."""
    own = {"batch_size": config.batch_size, "generator": generator}
    if config.augment:
        own["augment"] = two_views if config.arm == "simclr" else data.crop_and_flip
    if config.weight_schedule != "constant" or config.temperature_schedule == "annealed":
        return Timed(images, labels, steps=config.steps, **own)
    return data.Batches(images, labels, **own)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Objective:
    """Gated cross entropy plus what the arm adds: the weighted SNNL of the blocks (Eq. 7), or another loss.

    Weights and temperature are settings, so that configs that differ in them only share an objective.
    """

    arm: str
    distance: str = "cosine"
    layers: str = "minimum"
    weight_schedule: str = "constant"
    temperature_schedule: str = "constant"

    def __call__(
        self, network: Callable[[Tensor], MixtureOutput], batch: Batch, settings: Mapping[str, float | Tensor]
    ) -> Tensor:
        """The loss of a batch; in the `simclr` arm its inputs are two views of each image."""
        views = batch.inputs.unbind(1) if self.arm == "simclr" else (batch.inputs,)
        outputs = [network(view) for view in views]
        output = outputs[0]
        loss = losses.gated_cross_entropy(output.gates, output.logits, batch.labels)
        if self.arm in BALANCED:
            loss = loss + settings["balance_weight"] * losses.load_balancing_loss(output.gates, output.scores)
        if self.arm not in CONTRASTED:
            return loss
        progress = getattr(batch, "progress", 0.0)
        temperature = settings["temperature"] if output.temperature is None else output.temperature  # which is learned
        if self.temperature_schedule == "annealed":
            temperature = temperature / (1 + ANNEALED_EPOCHS * progress) ** ANNEALED_POWER
        added = self.contrast([output.blocks for output in outputs], batch.labels, temperature)
        share = {"constant": 1, "rising": progress, "falling": 1 - progress}[self.weight_schedule]
        return loss + settings["snnl_weight"] * share * added  # alpha of Eq. 7 after that share of the training

    def contrast(
        self, views: list[tuple[Tensor, ...]], labels: Tensor, temperature: float | Tensor
    ) -> Float[Tensor, ""]:
        """Minimum or sum over the blocks of their SNNL, or of what stands in its place, in full precision."""
        others = {"simclr": losses.normalized_temperature_cross_entropy, "supcon": losses.supervised_contrastive_loss}
        loss = others.get(self.arm, functools.partial(losses.soft_nearest_neighbor_loss, distance=self.distance))
        classes = () if self.arm == "simclr" else (labels,)
        with torch.autocast(labels.device.type, enabled=False):
            blocks = zip(*([full(block).flatten(1) for block in view] for view in views), strict=True)
            each = torch.stack([loss(*block, *classes, temperature=temperature) for block in blocks])
        return each.min() if self.layers == "minimum" else each.sum()


def objective_of(config: Config) -> tuple[Objective, dict[str, float]]:
    """The objective of a config and its settings."""
    names = [field.name for field in dataclasses.fields(Objective)]
    shared = Objective(**{name: getattr(config, name) for name in names})
    return shared, {name: getattr(config, name) for name in ("balance_weight", "snnl_weight", "temperature")}


def parameter_groups(config: Config, network: Mixture) -> tuple[list[dict[str, Any]], list[float]]:
    """Parameters by the learning rate that they have, and the peak of each group: the gate may have its own."""
    if config.gate_learning_rate is None:
        return [{"params": list(network.parameters())}], [config.peak_learning_rate]
    others = [parameter for name, parameter in network.named_parameters() if not name.startswith("gate.")]
    groups = [{"params": others}, {"params": list(network.gate.parameters())}]
    return groups, [config.peak_learning_rate, config.gate_learning_rate]


def replica(config: Config, device: str) -> engine.Replica:
    """A config ready to be trained; both arms of a seed start from the same weights and see the same batches."""
    images, labels, classes = training_set(config, device)
    stream = data.generator(config.seed)
    network = build(config, images=images, classes=classes, generator=stream)
    batches = batches_of(config, images, labels, generator=stream)
    groups, peaks = parameter_groups(config, network)
    decayed = {"momentum": config.momentum, "weight_decay": config.weight_decay}
    optimizer = torch.optim.SGD(groups, lr=config.peak_learning_rate, **decayed, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peaks, total_steps=config.steps, cycle_momentum=config.cycle_momentum
    )
    shared, settings = objective_of(config)
    return engine.Replica(
        name=f"{config.dataset} {config.arm} seed {config.seed}",
        network=network,
        objective=shared,
        settings=settings,
        optimizer=optimizer,
        batches=batches,
        schedule=schedule,
    )
