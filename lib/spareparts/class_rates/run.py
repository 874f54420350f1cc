"""From configs to results: train each network, with alpha_mu reduced until training stays finite, then measure it."""

import functools
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from scipy.cluster.vq import kmeans2
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records import Result
from ..runs import Results
from .config import Config
from .continuation import Continuation
from .measures import label_entropy, measure
from .networks import FullyConnected, hidden_widths
from .optimizer import MOST_LAYERS, ClassRateSGD

MOST_REDUCTIONS = 8  # by then alpha_mu is too small to matter
CURVE_POINTS = 20
CLUSTER_STEPS = 50  # of k-means
PROOF_SAMPLES, PROOF_WIDTHS = 128, [32, 24, 16]
STEP_SIZES = (1e-2, 1e-3, 1e-4, 1e-5)  # alpha, of the proof


class Setup(NamedTuple):
    """What both arms of a seed share: parts of the data, untrained network, and the stream that orders the batches."""

    parts: data.Partition
    network: FullyConnected
    stream: torch.Generator


def setup(config: Config) -> Setup:
    """Data and network of a config, from its seed alone, so that every variant starts and goes on alike."""
    table = data.load_table(config.dataset)
    stream = data.generator(config.seed)
    parts = data.partition(table, generator=stream, validation_share=config.validation_share, scaling=config.scaling)
    row = config.architecture
    form = {"layers": row.layers, "width": row.width, "shape": row.shape}
    network = FullyConnected(
        features=parts.train.inputs.shape[1],
        widths=PROOF_WIDTHS if config.arm == "proof" else hidden_widths(**form, classes=table.classes),
        classes=table.classes,
        activation=config.activation,
        dropout=row.dropout,
        generator=stream,
        initialization=config.initialization,
    )
    return Setup(parts=parts, network=network, stream=stream)


def groups_of(config: Config, inputs: Tensor, labels: Tensor) -> tuple[Tensor, int]:
    """The group of each training sample and the number of groups.

    Shuffled groups have the sizes of the classes; clusters, of inputs alone (k-means), are as many as the classes.
    """
    if config.groups in ("one", "layers"):
        return torch.zeros_like(labels), 1
    groups = int(labels.max()) + 1
    if config.groups == "shuffled":
        return labels[torch.randperm(len(labels), generator=data.generator(config.seed))], groups
    if config.groups == "clusters":
        _, found = kmeans2(inputs.numpy(), groups, iter=CLUSTER_STEPS, minit="++", rng=config.seed)
        return torch.from_numpy(found).to(labels), groups
    return labels, groups


def optimizer_of(config: Config, network: nn.Module, *, epoch: int, num_groups: int, rate_lr: float) -> Any:
    """Plain SGD for the baseline, else `ClassRateSGD`; `epoch` is the number of its steps."""
    if config.arm == "baseline":
        return torch.optim.SGD(network.parameters(), lr=config.learning_rate, fused=True)
    every_layer, half = config.rated == "all", max(1, config.architecture.layers // 2)
    return ClassRateSGD(
        network,
        lr=config.learning_rate,
        rate_lr=rate_lr,
        num_groups=num_groups,
        cutoff=config.cutoff * epoch,
        reset_every=math.ceil(epoch / 2) if config.reset == "half_epoch" else None,
        form=config.form,
        count=MOST_LAYERS if every_layer else half,
        position="bottom" if every_layer else config.rated.removesuffix("_half"),
        per_layer=config.groups == "layers",
    )


def replica(config: Config, *, rate_lr: float) -> tuple[engine.Replica, Setup]:
    """A config ready to be trained with that alpha_mu."""
    ready = setup(config)
    inputs, labels = ready.parts.train
    size, rows = min(config.batch_size, len(labels)), torch.arange(len(labels))
    batches = data.Batches(inputs, rows, batch_size=size, generator=ready.stream, drop_last=False)
    groups, num_groups = groups_of(config, inputs, labels)
    optimizer = optimizer_of(config, ready.network, epoch=len(batches), num_groups=num_groups, rate_lr=rate_lr)

    def objective(network: nn.Module, batch: data.Batch, settings: Mapping[str, float]) -> Tensor:
        """Mean cross entropy; a batch brings row numbers, by which the optimizer is told the samples' groups."""
        if isinstance(optimizer, ClassRateSGD):
            optimizer.observe(groups[batch.labels])
        return functional.cross_entropy(network(batch.inputs), labels[batch.labels])

    trained = engine.Replica(
        name=f"{config.dataset} {config.activation} {config.arm} seed {config.seed}",
        network=ready.network,
        objective=objective,
        optimizer=optimizer,
        batches=batches,
    )
    return trained, ready


def run(configs: Iterable[Config], *, workers: int | None = None, progress: bool = True) -> Results[Config]:
    """Train and measure each config, one a CPU core (`engine.each`), as soon as it is there; data are loaded first."""
    configs = list(configs)
    for dataset in sorted({config.dataset for config in configs}):
        data.load_table(dataset)
    work = functools.partial(run_one, progress=progress)
    yield from engine.each(work, configs, workers=workers, progress=progress)


def run_one(config: Config, *, progress: bool = True) -> Result:
    """Train and measure one config; without training, measure its network or, for the arm `proof`, check Eq. 5-6."""
    started, arrays, ended = time.perf_counter(), {}, {}
    if config.arm == "proof":
        metrics = prove(config)
    elif config.arm == "untrained":
        ready = setup(config)
        metrics, arrays = measure(ready.network, ready.parts)
        metrics["label_entropy"] = label_entropy(ready.parts.train.labels)
    else:
        metrics, end, ready = train(config, progress=progress)
        ended = {"outcome": end.outcome, "diverged_step": end.diverged_step}
        if end.outcome == "finished":
            measured, arrays = measure(ready.network, ready.parts)
            metrics |= measured
    seconds = time.perf_counter() - started
    return Result(metrics=metrics, arrays=arrays, seconds=seconds, device=engine.describe("cpu"), **ended)


def train(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], engine.Outcome, Setup]:
    """Train one config, where it diverges with rates anew with a tenth of alpha_mu; what is known whatever its end."""
    rate_lr, diverged = config.first_rate_learning_rate, []  # the step at which each attempt before the last diverged
    while True:
        trained, ready = replica(config, rate_lr=rate_lr)
        (end,) = engine.fit([trained], steps=config.epochs * len(trained.batches), progress=progress)
        if end.outcome == "finished" or config.arm == "baseline" or len(diverged) == MOST_REDUCTIONS:
            break
        diverged.append(end.diverged_step)
        rate_lr /= 10
    metrics: dict[str, Any] = {
        "loss_curve": [round(loss, 4) for loss in end.losses[:: max(1, config.epochs // CURVE_POINTS)]],
        "epoch_steps": len(trained.batches),
        "train_samples": len(ready.parts.train.labels),
        "label_entropy": label_entropy(ready.parts.train.labels),
    }
    if config.arm == "class_rates":
        metrics |= {"used_rate_learning_rate": rate_lr, "reductions": len(diverged), "reduction_steps": diverged}
        metrics |= {"rated_layers": len(trained.optimizer.layers), "largest_rate": trained.optimizer.largest_rate}
    return metrics, end, ready


def prove(config: Config) -> dict[str, list[float]]:
    """Eq. 5-6 on a tiny network in double precision: how the remainder shrinks with alpha."""
    ready = setup(config)
    inputs, labels = (part[:PROOF_SAMPLES] for part in ready.parts.train)
    network = ready.network.double().eval()
    continued = Continuation(network=network, inputs=inputs.double(), labels=labels, form=config.form)
    return {"step_sizes": list(STEP_SIZES), "relative_remainders": [continued.remainder(alpha) for alpha in STEP_SIZES]}
