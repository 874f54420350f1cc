"""From configs to results: train each mixture, then measure it on the test set at the last step."""

import dataclasses
import functools
import time
from collections.abc import Iterable, Iterator

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from .. import data, engine
from ..records import Result, weights_path
from .config import Config
from .instruments import measure
from .losses import gated_cross_entropy, soft_nearest_neighbor_loss
from .measures import LIVE_LOAD, entropy, expert_load
from .network import Mixture, MixtureOutput

CURVE_POINTS = 20  # readings of the gate during training
CURVE_IMAGES = 500  # first test images, on which it is read


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


def objective(config: Config, network: nn.Module, batch: data.Batch) -> Tensor:
    """Gated cross entropy plus, in the `snnl` arm, the weighted SNNL of the blocks (Eq. 7)."""
    output = network(batch.inputs)
    loss = gated_cross_entropy(output.gates, output.logits, batch.labels)
    if config.arm != "snnl":
        return loss
    return loss + config.snnl_weight * blocks_snnl(config, output, batch.labels)


def blocks_snnl(config: Config, output: MixtureOutput, labels: Tensor) -> Tensor:
    """Minimum or sum over the blocks of their SNNL, in full precision."""
    with torch.autocast(labels.device.type, enabled=False):
        each = torch.stack(
            [
                soft_nearest_neighbor_loss(
                    block.float() if block.dtype == torch.bfloat16 else block,
                    labels,
                    temperature=config.temperature,
                    distance=config.distance,
                )
                for block in output.blocks
            ]
        )
    return each.min() if config.layers == "minimum" else each.sum()


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
        extractor=config.arm != "raw",
        uniform_gates=config.arm == "ensemble",
    )
    return network.to(images.device)


def replica(config: Config, device: str) -> engine.Replica:
    """A config ready to be trained; both arms of a seed start from the same weights and see the same batches."""
    images, labels, classes = training_set(config, device)
    stream = data.generator(config.seed)
    network = build(config, images=images, classes=classes, generator=stream)
    batches = data.Batches(images, labels, batch_size=config.batch_size, generator=stream)
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=config.peak_learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.peak_learning_rate, total_steps=config.steps, cycle_momentum=config.cycle_momentum
    )
    return engine.Replica(
        name=f"{config.dataset} {config.arm} seed {config.seed}",
        network=network,
        objective=functools.partial(objective, config),
        optimizer=optimizer,
        batches=batches,
        schedule=schedule,
    )


class GateCurve:
    """Callback that reads, along training, how many experts live and how evenly the gate loads them."""

    def __init__(self, images: Tensor) -> None:
        self.images = images[:CURVE_IMAGES]
        self.steps: list[int] = []
        self.live: list[int] = []
        self.load_entropy: list[float] = []  # nats

    def __call__(self, progress: engine.Progress) -> None:
        """Read the gate once."""
        (gates,) = engine.predict(progress.replica.network, self.images, read=lambda output: (output.gates,))
        load = expert_load(gates.argmax(1), num_experts=gates.shape[1])
        self.steps.append(progress.step)
        self.live.append(int((load >= LIVE_LOAD).sum()))
        self.load_entropy.append(round(float(entropy(load)), 4))

    def metrics(self) -> dict[str, list]:
        """The curves as a record holds them."""
        return {"curve_steps": self.steps, "curve_live": self.live, "curve_load_entropy": self.load_entropy}


def run(
    configs: Iterable[Config], *, device: str | None = None, progress: bool = True
) -> Iterator[tuple[Config, Result]]:
    """Train and measure each config, yielding its result as soon as it is there.

    The device is CUDA where there is one, else the CPU with one thread. All data are loaded before training starts, so
    that a missing set costs nothing.
    """
    configs = list(configs)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    for dataset in {config.dataset for config in configs}:
        data.load(dataset, "train")
    for config in configs:
        with engine.one_thread():
            result = run_one(config, device=device, progress=progress)
        yield config, result


def run_one(config: Config, *, device: str, progress: bool = True) -> Result:
    """Train and measure one config; a network whose outputs overflow after its last step has diverged at that step."""
    started, described = time.perf_counter(), engine.describe(device)
    ready = replica(config, device)
    images, labels, classes = tensors(config.dataset, "test", device)
    curve = GateCurve(images)
    (end,) = engine.fit(
        [ready],
        steps=config.steps,
        every=max(1, config.steps // CURVE_POINTS),
        callbacks=[curve],
        precision=config.precision,
        progress=progress,
    )
    metrics, arrays = {"loss_curve": [round(loss, 4) for loss in end.losses]} | curve.metrics(), {}
    if end.outcome == "finished":
        engine.save_weights(ready.network, weights_path(config))
        try:
            found, arrays = measure(config, ready.network, images, labels, classes=classes)
            metrics |= found
        except FloatingPointError:
            end = dataclasses.replace(end, outcome="diverged", diverged_step=end.steps)
    return Result(
        metrics=metrics,
        arrays=arrays,
        outcome=end.outcome,
        diverged_step=end.diverged_step,
        seconds=time.perf_counter() - started,
        device=described,
    )
