"""From configs to results: train each mixture, then measure it on the test set at the last step."""

import dataclasses
import time
from collections.abc import Iterable, Sequence

from torch import Tensor

from .. import data, engine
from ..records import Result, checkpoint_path, groups, weights_path
from ..records.store import commit
from ..runs import Results
from .config import Config
from .measures import LIVE_LOAD, at_start, entropy, expert_load, mean_share, measure, reading_of
from .network import Mixture
from .training import replica, tensors

CURVE_IMAGES = 500  # first test images, on which it is read
GROUP = 30  # configs that train side by side, at most: what is cut off loses no more
SCALARS = ("seed", "snnl_weight", "temperature", "peak_learning_rate", "momentum", "weight_decay", "balance_weight")


class GateCurve(engine.Kept):
    """Callback that reads along training how many experts live, how evenly they are loaded, and the common mean."""

    # steps, live experts, entropy of the load in nats, share of the features' squared length in their common mean
    KEPT = ("curve_steps", "curve_live", "curve_load_entropy", "curve_mean_share")

    def __init__(self, images: Tensor) -> None:
        self.images = images[:CURVE_IMAGES]
        for name in self.KEPT:
            setattr(self, name, [])

    def __call__(self, progress: engine.Progress) -> None:
        """Read the gate once."""
        network = progress.replica.network
        if network.uniform_gates:
            return
        gates, features = engine.predict(network, self.images, read=lambda output: (output.gates, output.features))
        load = expert_load(gates.argmax(1), num_experts=gates.shape[1])
        live = int((load >= LIVE_LOAD).sum())
        found = (progress.step, live, round(float(entropy(load)), 4), round(mean_share(features), 4))
        for name, value in zip(self.KEPT, found, strict=True):
            getattr(self, name).append(value)


def run(
    configs: Iterable[Config], *, device: str | None = None, workers: int | None = None, progress: bool = True
) -> Results[Config]:
    """Train and measure each config, yielding its result as soon as it is there; all data are loaded first.

    On CUDA, which is chosen where there is one, configs that differ in seed or scalars only train side by side; on a
    CPU each core runs one at a time (`engine.each_group`). Raises `ValueError` for a device that is not there.
    """
    configs, device = list(configs), engine.choose_device(device)
    for dataset in {config.dataset for config in configs}:
        data.load(dataset, "train")
    alike = groups(configs, free=SCALARS, most=GROUP)
    yield from engine.each_group(run_group, alike, device=device, workers=workers, progress=progress)


def run_group(
    configs: Sequence[Config], *, device: str, progress: bool = True, side_by_side: bool | None = None
) -> Results[Config]:
    """Train configs that differ in seed and scalars only, then measure each; training that was cut off goes on."""
    first, described = configs[0], engine.describe(device)
    images, labels, _ = tensors(first.dataset, "test", device)
    replicas = [replica(config, device) for config in configs]
    curves = [GateCurve(images) for _ in configs]
    starts = [at_start(each.network, images[:CURVE_IMAGES], labels[:CURVE_IMAGES]) for each in replicas]
    ends = engine.fit(
        [dataclasses.replace(each, callbacks=(curve,)) for each, curve in zip(replicas, curves, strict=True)],
        steps=first.steps,
        every=max(1, first.steps // first.readings),
        precision=first.precision,
        progress=progress,
        side_by_side=side_by_side,
        checkpoint=checkpoint_path(configs),
    )
    for config, trained, curve, start, end in zip(configs, replicas, curves, starts, ends, strict=True):
        started = time.perf_counter()
        result = result_of(config, trained.network, end, images, labels)
        about = {"loss_curve": [round(loss, 4) for loss in end.losses]} | start | curve.state_dict()
        seconds = end.seconds + time.perf_counter() - started
        yield config, dataclasses.replace(result, metrics=about | result.metrics, seconds=seconds, device=described)


def result_of(config: Config, network: Mixture, end: engine.Outcome, images: Tensor, labels: Tensor) -> Result:
    """Measure a trained network; one whose outputs overflow after its last step has diverged at that step."""
    metrics, arrays = {}, {}
    if end.outcome == "finished":
        engine.save_weights(network, weights_path(config), commit=commit())
        try:
            metrics, arrays = measure(config, network, reading_of(network, images), labels)
        except FloatingPointError:
            end = dataclasses.replace(end, outcome="diverged", diverged_step=end.steps)
    return Result(metrics=metrics, arrays=arrays, outcome=end.outcome, diverged_step=end.diverged_step)
