"""A few replicas of each family of networks, small, with all that may differ between replicas differing."""

import functools
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from spareparts import class_rates
from spareparts.class_rates.run import replica as class_rates_replica
from spareparts.data import Batches, crop_and_flip, generator
from spareparts.engine import Replica
from spareparts.experts import Config, Mixture
from spareparts.experts.training import objective_of
from spareparts.fixed_classifiers import FixedClassifier
from spareparts.models import densenet_bc, lenet_300_100, mlp, resnet

STEPS = 20


def smoothed(network, batch, settings):
    """Cross entropy of tempered scores, with a penalty on their size: two settings of a replica's own."""
    scores = network(batch.inputs)
    return cross_entropy(scores / settings["temperature"], batch.labels) + settings["weight"] * scores.square().mean()


def family(
    seeds,
    dtype: torch.dtype,
    *,
    name: str,
    network: Callable[[torch.Generator], nn.Module],
    optimizer: Callable[[nn.Module, int], SGD],
    channels: int = 3,
    **batching,
) -> list[Replica]:
    """Replicas of a network; the optimizer is told the seed, by which its numbers differ."""
    draw = generator(7)
    images, labels = torch.randn(60, channels, 8, 8, generator=draw).to(dtype), torch.randint(4, (60,), generator=draw)
    made = []
    for seed in seeds:
        draw = generator(seed)
        net = network(draw).to(dtype)
        steps = optimizer(net, seed)
        made.append(
            Replica(
                name=f"{name} {seed}",
                network=net,
                objective=smoothed,
                settings={"temperature": 0.5 + 0.25 * seed, "weight": 0.01 * seed},
                optimizer=steps,
                schedule=StepLR(steps, step_size=3 + seed, gamma=0.5),
                batches=Batches(images, labels, **{"batch_size": 12, "generator": draw} | batching),
            )
        )
    return made


def mixtures(seeds, dtype, *, arm: str = "snnl", extractor: str = "convolutional") -> list[Replica]:
    sizes = {"channels": 1, "size": 8, "classes": 4, "experts": 3, "hidden_units": 6}
    kind = {
        "extractor": None if arm == "raw" else extractor,
        "uniform_gates": arm == "ensemble",
        "chosen_experts": 2 if arm == "balanced" else None,
    }
    made = family(
        seeds,
        dtype,
        name="mixture",
        network=lambda draw: Mixture(**sizes, **kind, generator=draw),
        optimizer=lambda net, seed: SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3, fused=True),
        channels=1,
    )
    for seed, replica in zip(seeds, made, strict=True):
        own = {"snnl_weight": 0.5 * seed, "temperature": 1 / (1 + seed)} if arm in ("snnl", "supcon") else {}
        replica.objective, replica.settings = objective_of(Config(arm=arm, seed=seed, **own))
        cycle = {"total_steps": STEPS, "cycle_momentum": seed % 2 == 0}
        replica.schedule = OneCycleLR(replica.optimizer, 0.05 * seed, **cycle)
    return made


def small_convolutional(draw: torch.Generator) -> nn.Module:
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, bias=False),  # before BatchNorm a bias's gradient is rounding
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(96, 20, bias=False),
        nn.BatchNorm1d(20),
        nn.ReLU(),
        nn.Linear(20, 4),
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draw) / 4)
    return network


def two_groups(network: nn.Module, seed: int) -> SGD:
    """No weight decay on biases and BatchNorm."""
    weights = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    rest = [parameter for parameter in network.parameters() if parameter.dim() == 1]
    groups = [{"params": weights, "weight_decay": 1e-2 * seed}, {"params": rest, "lr": 0.02}]
    return SGD(groups, lr=0.01 * seed, momentum=0.5 + 0.1 * seed)


def with_head(draw: torch.Generator, *, kind: str, classes: int, **options) -> nn.Module:
    """Each replica with a matrix of its own, and a scale that is one number."""
    sizes = {"in_features": 64, "units": 20, "features": classes if classes > 4 else 12, "classes": classes}
    network = mlp(generator=draw, **sizes)
    scale = {} if kind in ("low_rank", "sparse") else {"initial_scale": 1.0 + torch.rand((), generator=draw).item()}
    head = {"kind": kind, "generator": draw, **scale, **options}
    network.classifier = FixedClassifier(network.classifier.in_features, classes, **head)
    return network


def scale_apart(network: nn.Module, seed: int) -> SGD:
    """The scale has a weight decay of its own."""
    scales = [p for p in network.parameters() if p.dim() == 0]
    groups = [{"params": [p for p in network.parameters() if p.dim() > 0], "weight_decay": 1e-3}]
    groups += [{"params": scales, "weight_decay": 1e-2 * seed}] if scales else []
    return SGD(groups, lr=0.05 * seed, momentum=0.9, fused=True)


def headed(seeds, dtype, *, kind: str, classes: int = 4, **options) -> list[Replica]:
    network = functools.partial(with_head, kind=kind, classes=classes, **options)
    return family(seeds, dtype, name=kind, network=network, optimizer=scale_apart, channels=1)


lenets = functools.partial(
    family,
    name="lenet",
    network=lambda draw: lenet_300_100(generator=draw, in_features=64, classes=4),
    optimizer=lambda net, seed: SGD(net.parameters(), lr=0.01 * seed, momentum=0.9 - 0.1 * seed),
    channels=1,
    batch_size=16,
    drop_last=False,
)
convolutional = functools.partial(  # without momentum
    family,
    name="convolutional",
    network=small_convolutional,
    optimizer=lambda net, seed: SGD(net.parameters(), lr=0.02 * seed, weight_decay=0.01 * seed),
    augment=functools.partial(crop_and_flip, padding=2),
)


def resnets(seeds, dtype, *, shortcut: str = "padding") -> list[Replica]:
    return family(
        seeds,
        dtype,
        name="resnet",
        network=lambda draw: resnet(8, generator=draw, classes=4, shortcut=shortcut),
        optimizer=two_groups,
        augment=crop_and_flip,
    )


densenets = functools.partial(
    family,
    name="densenet",
    network=lambda draw: densenet_bc(10, generator=draw, growth=4, classes=4),
    optimizer=lambda net, seed: SGD(net.parameters(), lr=0.01 * seed, momentum=0.9),
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
    "Hadamard head, transformed": functools.partial(headed, kind="hadamard", classes=260),
    "Hadamard head, scattered": functools.partial(headed, kind="hadamard", classes=260, coordinates="scattered"),
    "low-rank head": functools.partial(headed, kind="low_rank"),
    "sparse head": functools.partial(headed, kind="sparse"),
    "head of signs": functools.partial(headed, kind="hadamard", binarised=True),
}
# Families that never train side by side, and what `fit` says of the reason.
ALONE = {
    "class rates": (fully_connected, "has the optimizer ClassRateSGD; known is SGD"),
    "class rates, baseline": (functools.partial(fully_connected, arm="baseline"), "draws masks in its forward pass"),
}
