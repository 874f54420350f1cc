"""From a config to what is trained: data, network, optimizer and batches, from its seed alone."""

import functools
from typing import Any

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from .. import data, engine
from .config import BALANCED, Config
from .feeding import batches_of
from .network import Mixture
from .objective import objective_of


@functools.lru_cache(maxsize=2)
def tensors(dataset: str, split: str, device: str) -> tuple[Tensor, Tensor, int]:
    """Images scaled to [0, 1], labels and number of classes of a split, on the device; kept for the next run."""
    found = data.load(dataset, split, device=device)
    return data.to_float(found.images), found.labels, len(found.classes)


def training_set(config: Config, device: str) -> tuple[Tensor, Tensor, int]:
    """The training images of a run: all, or a stratified draw of `train_samples` by the run's seed."""
    images, labels, classes = tensors(config.dataset, "train", device)
    if config.train_samples is None or config.train_samples == len(labels):
        return images, labels, classes
    if not classes <= config.train_samples < len(labels):
        raise ValueError(f"train_samples must lie in {classes}..{len(labels)}, got {config.train_samples}")
    rows = torch.arange(len(labels)).numpy()
    chosen, _ = train_test_split(
        rows, train_size=config.train_samples, stratify=labels.cpu().numpy(), random_state=config.seed
    )
    picked = torch.from_numpy(chosen).to(images.device)
    return images[picked], labels[picked], classes


def build(config: Config, *, images: Tensor, classes: int, generator: torch.Generator) -> Mixture:
    """The untrained network of a config for images of that shape."""
    if images.shape[2] != images.shape[3] or images.shape[2] < 4:
        raise ValueError(f"images must be square and at least 4 pixels wide, got {tuple(images.shape[2:])}")
    network = Mixture(
        channels=images.shape[1],
        size=images.shape[2],
        classes=classes,
        experts=config.experts,
        hidden_units=config.hidden_units,
        generator=generator,
        extractor=None if config.arm == "raw" else config.extractor,
        filters=config.filters,
        uniform_gates=config.arm == "ensemble",
        chosen_experts=config.chosen_experts if config.arm in BALANCED else None,
        normalised_gate=config.normalised_gate,
        centred_gate=config.centred_gate,
        learned_temperature=config.temperature_schedule == "learned",
    )
    return network.to(images.device)


def parameter_groups(config: Config, network: Mixture) -> tuple[list[dict[str, Any]], list[float]]:
    """Parameters by the learning rate that they have, and the peak of each group: the gate may have its own."""
    if config.gate_learning_rate is None:
        return [{"params": list(network.parameters())}], [config.peak_learning_rate]
    gate = {id(parameter) for parameter in network.gate.parameters()}
    others = [parameter for parameter in network.parameters() if id(parameter) not in gate]
    groups = [{"params": others}, {"params": list(network.gate.parameters())}]
    return groups, [config.peak_learning_rate, config.gate_learning_rate]


def replica(config: Config, device: str) -> engine.Replica:
    """A config ready to be trained; both arms of a seed start from the same weights and see the same batches."""
    images, labels, classes = training_set(config, device)
    stream = data.generator(config.seed)
    network = build(config, images=images, classes=classes, generator=stream)
    batches = batches_of(config, images, labels, generator=stream)
    groups, peaks = parameter_groups(config, network)
    optimizer = torch.optim.SGD(
        groups,
        lr=config.peak_learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        fused=True,
    )
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
