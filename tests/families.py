"""A few replicas of each family of networks, small, with all that may differ between replicas differing."""

import dataclasses
import functools

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from spareparts import class_rates
from spareparts.class_rates.run import replica as class_rates_replica
from spareparts.data import Batches, crop_and_flip, generator
from spareparts.distancing.penalty import Kernel, Push
from spareparts.engine import Replica
from spareparts.experts import Config, Mixture
from spareparts.experts.training import objective_of
from spareparts.fixed_classifiers import FixedClassifier
from spareparts.models import Dropout, densenet_bc, lenet_300_100, mlp, mobilenet_v2, resnet

STEPS = 20


def samples(*, channels: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    draw = generator(7)
    images = torch.randn(60, channels, 8, 8, generator=draw).to(dtype)
    return images, torch.randint(4, (60,), generator=draw)


def smoothed(network, batch, settings):
    """Cross entropy of tempered scores, with a penalty on their size: two settings of a replica's own."""
    scores = network(batch.inputs)
    return cross_entropy(scores / settings["temperature"], batch.labels) + settings["weight"] * scores.square().mean()


def mixtures(seeds, dtype, *, arm: str = "snnl", extractor: str = "convolutional") -> list[Replica]:
    images, labels = samples(channels=1, dtype=dtype)
    made = []
    for seed in seeds:
        own = {"snnl_weight": 0.5 * seed, "temperature": 1 / (1 + seed)} if arm in ("snnl", "supcon") else {}
        objective, settings = objective_of(Config(arm=arm, seed=seed, **own))
        draw = generator(seed)
        sizes = {"channels": 1, "size": 8, "classes": 4, "experts": 3, "hidden_units": 6}
        kind = {
            "extractor": None if arm == "raw" else extractor,
            "uniform_gates": arm == "ensemble",
            "chosen_experts": 2 if arm == "balanced" else None,
        }
        network = Mixture(**sizes, **kind, generator=draw).to(dtype)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3, fused=True)
        schedule = OneCycleLR(optimizer, 0.05 * seed, total_steps=STEPS, cycle_momentum=seed % 2 == 0)
        batches = Batches(images, labels, batch_size=12, generator=draw)
        made.append(
            Replica(
                name=f"mixture {seed}",
                network=network,
                objective=objective,
                settings=settings,
                optimizer=optimizer,
                schedule=schedule,
                batches=batches,
            )
        )
    return made


def lenets(seeds, dtype) -> list[Replica]:
    images, labels = samples(channels=1, dtype=dtype)
    made = []
    for seed in seeds:
        network = lenet_300_100(generator=generator(seed), in_features=64, classes=4).to(dtype)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3 * seed, betas=(0.9, 0.99 - 0.01 * seed))
        batches = Batches(images, labels, batch_size=16, generator=generator(seed), drop_last=False)
        made.append(plain(f"lenet {seed}", network, optimizer, batches, seed))
    return made


def convolutional(seeds, dtype) -> list[Replica]:
    """BatchNorm, dropout twice, augmentation, and one generator for all that is random."""
    images, labels = samples(channels=3, dtype=dtype)
    made = []
    for seed in seeds:
        draw = generator(seed)
        network = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1, bias=False),  # before BatchNorm a bias's gradient is rounding
            nn.BatchNorm2d(6),
            nn.ReLU(),
            Dropout(0.2, generator=draw),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(96, 20, bias=False),
            nn.BatchNorm1d(20),
            nn.ReLU(),
            Dropout(0.5, generator=draw),
            nn.Linear(20, 4),
        )
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=draw) / 4)
        network.to(dtype)
        # eps: where a gradient is 0 but for rounding, Adam would make a step of the rounding
        optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3 * seed, weight_decay=0.1 * seed, eps=1e-4)
        augment = functools.partial(crop_and_flip, padding=2)
        batches = Batches(images, labels, batch_size=12, generator=draw, augment=augment)
        made.append(plain(f"convolutional {seed}", network, optimizer, batches, seed))
    return made


def resnets(seeds, dtype, *, shortcut: str = "padding") -> list[Replica]:
    """Two groups of parameters: no weight decay on biases and BatchNorm."""
    images, labels = samples(channels=3, dtype=dtype)
    made = []
    for seed in seeds:
        network = resnet(8, generator=generator(seed), classes=4, shortcut=shortcut).to(dtype)
        weights = [parameter for parameter in network.parameters() if parameter.dim() > 1]
        rest = [parameter for parameter in network.parameters() if parameter.dim() == 1]
        groups = [{"params": weights, "weight_decay": 1e-2 * seed}, {"params": rest, "lr": 0.02}]
        optimizer = torch.optim.SGD(groups, lr=0.01 * seed, momentum=0.5 + 0.1 * seed, nesterov=True)
        batches = Batches(images, labels, batch_size=12, generator=generator(seed), augment=crop_and_flip)
        made.append(plain(f"resnet {seed}", network, optimizer, batches, seed))
    return made


def mobilenets(seeds, dtype) -> list[Replica]:
    """Two short stages, pushed away from as many checkpoints as the seed says."""
    images, labels = samples(channels=3, dtype=dtype)
    stages, made = ((1, 8, 1, 1), (2, 12, 2, 2)), []
    for seed in seeds:
        network = mobilenet_v2(generator=generator(seed), classes=4, stages=stages).to(dtype)
        push = Push(Kernel(strength=10.0 * seed, width=5.0))
        for _ in range(seed):
            push.leave(network)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01 * seed, momentum=0.9, weight_decay=1e-3)
        batches = Batches(images, labels, batch_size=12, generator=generator(seed))
        made.append(dataclasses.replace(plain(f"mobilenet {seed}", network, optimizer, batches, seed), adjust=push))
    return made


def headed(seeds, dtype, *, kind: str, classes: int = 4, binarised: bool = False) -> list[Replica]:
    """Each replica with a matrix of its own, and a scale that is one number and has a weight decay of its own."""
    images, labels = samples(channels=1, dtype=dtype)
    replicas = []
    for seed in seeds:
        draw = generator(seed)
        network = mlp(
            generator=draw, in_features=64, units=20, features=classes if classes > 4 else 12, classes=classes
        )
        scale = {} if kind in ("low_rank", "sparse") else {"initial_scale": 1.0 + seed}
        features = network.classifier.in_features
        scale["binarised"] = binarised
        network.classifier = FixedClassifier(features, classes, kind=kind, generator=draw, **scale)
        network.to(dtype)
        scales = [p for p in network.parameters() if p.dim() == 0]
        rest = [p for p in network.parameters() if p.dim() > 0]
        groups = [{"params": rest, "weight_decay": 1e-3}]
        groups += [{"params": scales, "weight_decay": 1e-2 * seed}] if scales else []
        optimizer = torch.optim.SGD(groups, lr=0.05 * seed, momentum=0.9, fused=True)
        batches = Batches(images, labels, batch_size=12, generator=draw)
        replicas.append(plain(f"{kind} {seed}", network, optimizer, batches, seed))
    return replicas


def densenets(seeds, dtype) -> list[Replica]:
    images, labels = samples(channels=3, dtype=dtype)
    made = []
    for seed in seeds:
        network = densenet_bc(10, generator=generator(seed), growth=4, classes=4).to(dtype)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01 * seed, momentum=0.9)
        batches = Batches(images, labels, batch_size=12, generator=generator(seed))
        made.append(plain(f"densenet {seed}", network, optimizer, batches, seed))
    return made


def plain(name, network, optimizer, batches, seed) -> Replica:
    return Replica(
        name=name,
        network=network,
        objective=smoothed,
        settings={"temperature": 0.5 + 0.25 * seed, "weight": 0.01 * seed},
        optimizer=optimizer,
        schedule=StepLR(optimizer, step_size=3 + seed, gamma=0.5),
        batches=batches,
    )


def fully_connected(seeds, *, arm: str = "class_rates") -> list[Replica]:
    """Networks of the class-rates chapter, whose optimizer is its own and knows of one network only."""
    small = {"dataset": "generated-led-display", "width": 8, "hidden_layers": 2, "epochs": 3}
    configs = [class_rates.Config(**small, activation="tanh", arm=arm, seed=seed) for seed in seeds]
    return [class_rates_replica(config, rate_lr=10.0 * config.seed)[0] for config in configs]


FAMILIES = {
    "mixture with SNNL": mixtures,
    "mixture, baseline": functools.partial(mixtures, arm="baseline"),
    "mixture on pixels": functools.partial(mixtures, arm="raw"),
    "mixture, uniform gates": functools.partial(mixtures, arm="ensemble"),  # its gate has no gradient
    "mixture, balanced gate": functools.partial(mixtures, arm="balanced"),
    "mixture, contrastive": functools.partial(mixtures, arm="supcon"),
    "mixture on a transformer": functools.partial(mixtures, extractor="transformer"),
    "MLP": lenets,
    "convolutional network": convolutional,
    "ResNet, padded shortcuts": resnets,
    "ResNet, projected shortcuts": functools.partial(resnets, shortcut="projection"),
    "DenseNet": densenets,
    "fixed head": functools.partial(headed, kind="orthonormal"),
    "normalised head": functools.partial(headed, kind="normalised"),
    "Hadamard head": functools.partial(headed, kind="hadamard"),
    "Hadamard head, transformed": functools.partial(headed, kind="hadamard", classes=260),
    "low-rank head": functools.partial(headed, kind="low_rank"),
    "sparse head": functools.partial(headed, kind="sparse"),
    "head of signs": functools.partial(headed, kind="hadamard", binarised=True),
    "MobileNetV2, pushed": mobilenets,
}
# Families that never train side by side, and what `fit` says of the reason.
ALONE = {
    "class rates": (fully_connected, "has the optimizer ClassRateSGD; known are SGD, Adam, AdamW"),
    "class rates, baseline": (functools.partial(fully_connected, arm="baseline"), "differ in their objective"),
}
