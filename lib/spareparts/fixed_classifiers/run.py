"""From configs to results: networks on images train side by side where that is faster, the others one by one."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import data, engine
from ..records import Result, checkpoint_path, groups, measured, rounded, weights_path
from ..records.store import Found, commit
from ..runs import Results
from .config import SCALED, Config
from .costs import heads
from .heads import FixedClassifier
from .language import language
from .measures import epochs_to
from .networks import Images, Sets, replica, sets_of, settings_of

OTHERS = {function.__name__: function for function in (heads, language)}
SIDE_BY_SIDE = ("seed", "initial_scale", "scale_decay", "learning_rate")  # what may differ within a group
GROUP = 10  # networks that train side by side, at most: what is cut off loses no more
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)  # of the norms of the training images' features
MOST_PREDICTIONS = 20_000  # that an array beside a record may hold
READINGS = 100  # of the head's size along training, at least one an epoch
FEWEST = 500  # images on which every epoch is read, or all there are; of test images twice as many
SHOWN = 0.1  # of the training images, if that is more


def run(
    configs: Iterable[Config], *, device: str | None = None, workers: int | None = None, progress: bool = True
) -> Results[Config]:
    """Run each config, yielding its result as soon as it is there; all data are loaded first.

    On CUDA, which is chosen where there is one, networks on images that differ in seed or scalars only train side by
    side; on a CPU each core runs one at a time (`engine.each_group`). Raises `ValueError` for a device that is absent.
    """
    configs, device = list(configs), engine.choose_device(device)
    images = [config for config in configs if config.experiment == "images"]
    others = [[config] for config in configs if config.experiment != "images"]
    for dataset in {config.dataset for config in images}:
        if not data.is_folder(dataset):
            data.load(dataset, "train")
    for corpus in {config.corpus for (config,) in others if config.experiment == "language"}:
        data.load_text(corpus)
    alike = (*groups(images, free=SIDE_BY_SIDE, most=GROUP), *others)
    yield from engine.each_group(run_group, alike, device=device, workers=workers, progress=progress)


def run_group(
    configs: list[Config], *, device: str, progress: bool = True, side_by_side: bool | None = None
) -> Results[Config]:
    """Run configs that go together: networks on images, else each experiment that trains one network or none."""
    if configs[0].experiment == "images":
        yield from train_group(configs, device=device, progress=progress, side_by_side=side_by_side)
        return
    (own,) = configs
    work = functools.partial(OTHERS[own.experiment], own, device=device, progress=progress)
    yield own, measured(work, device=engine.describe(device))


def train_group(
    configs: Sequence[Config], *, device: str, progress: bool = True, side_by_side: bool | None = None
) -> Results[Config]:
    """Train configs that differ in what may differ side by side only, then measure each; what was cut off goes on."""
    sets = [sets_of(config, device) for config in configs]
    replicas = [replica(config, own, device) for config, own in zip(configs, sets, strict=True)]
    epoch, epochs = len(replicas[0].batches), settings_of(configs[0]).epochs
    readings = [Readings(each, own, epoch=epoch) for each, own in zip(replicas, sets, strict=True)]
    ends = engine.fit(
        [dataclasses.replace(each, callbacks=(own,)) for each, own in zip(replicas, readings, strict=True)],
        steps=epoch * epochs,
        every=stretch(epoch, epochs=epochs),
        precision=configs[0].precision,
        progress=progress,
        side_by_side=side_by_side,
        checkpoint=checkpoint_path(configs),
    )
    described = engine.describe(device)
    for config, trained, own, read, end in zip(configs, replicas, sets, readings, ends, strict=True):
        started = time.perf_counter()
        result = result_of(config, trained, own, read, end)
        seconds = end.seconds + time.perf_counter() - started
        yield config, dataclasses.replace(result, metrics=rounded(result.metrics), seconds=seconds, device=described)


def stretch(epoch: int, *, epochs: int) -> int:
    """Steps between two readings: the most that divide an epoch's and give READINGS in all."""
    most = max(1, epoch * epochs // READINGS)
    return max(steps for steps in range(1, epoch + 1) if epoch % steps == 0 and steps <= most)


# What is read while a network trains


class Evaluation(NamedTuple):
    """What a network gives for images."""

    predictions: Int[Tensor, " samples"]
    error: float  #: images classified wrongly, in %
    loss: float  #: mean, as it was trained on
    norms: Float[Tensor, " samples"]  #: of the features


@torch.inference_mode()
def evaluate(network: nn.Module, images: Images, *, objective: Callable) -> Evaluation:
    """Predictions, error, loss and norms of features, in evaluation mode and without augmentation."""
    training, parts, total = network.training, [], 0.0
    batch_size = engine.images_at_once(next(network.parameters()).device)
    network.eval()
    labels = iter(images.labels.split(batch_size))
    for chunk in images.chunks(batch_size):
        features = network.features(chunk)
        scores, truth = network.classifier(features), next(labels).to(chunk.device)
        total += float(objective(lambda _, given=scores: given, data.Batch(chunk, truth), {})) * len(truth)
        parts.append((scores.argmax(1), torch.linalg.vector_norm(features, dim=1)))
    network.train(training)
    predictions, norms = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    wrong = (predictions != images.labels.to(predictions.device)).double().mean()
    return Evaluation(predictions, 100 * float(wrong), total / len(images.labels), norms)


class Readings(engine.Kept):
    """Callback that reads the head's size at every stretch, and errors, losses and norms of features at every epoch.

    The size is the scale of a head that normalises, else the Frobenius norm of its matrix.
    """

    # errors (%) and losses on the training and the test images shown, norms of the former's features; steps and sizes
    KEPT = ("epochs", "errors", "losses", "norms", "steps", "sizes")

    def __init__(self, trained: engine.Replica, sets: Sets, *, epoch: int) -> None:
        self.epoch, self.objective = epoch, trained.objective  # steps of an epoch
        most, self.shown = max(FEWEST, int(SHOWN * len(sets.train.labels))), {}
        for name, images, wanted in (("train", sets.train, most), ("test", sets.test, 2 * most)):
            count = len(images.labels)  # evenly from first to last: in whatever order their classes stand
            self.shown[name] = images.subset(torch.linspace(0, count - 1, min(wanted, count)).long())
        for name in self.KEPT:
            setattr(self, name, [])
        self.read(trained.network, 0)

    def __call__(self, progress: engine.Progress) -> None:
        """Read once."""
        self.read(progress.replica.network, progress.step)

    def read(self, network: nn.Module, step: int) -> None:
        """Note the head's size, and at the end of an epoch all else."""
        head: FixedClassifier = network.classifier
        self.steps.append(step)
        self.sizes.append(float(head.matrix.norm() if head.scale is None else head.scale.detach()))
        if step % self.epoch:
            return
        found = {name: evaluate(network, images, objective=self.objective) for name, images in self.shown.items()}
        self.epochs.append(step // self.epoch)
        self.errors.append(tuple(each.error for each in found.values()))
        self.losses.append(tuple(each.loss for each in found.values()))
        self.norms.append(found["train"].norms.cpu())


# What a record holds


def result_of(config: Config, trained: engine.Replica, sets: Sets, read: Readings, end: engine.Outcome) -> Result:
    """Metrics and arrays of a trained network, whose weights go to the cache; of one that diverged its curves.

    What was predicted for each test image, with its label; of many images only whether it was right, as bits.
    """
    network, (metrics, arrays) = trained.network, about_curves(config, read, end)
    if end.outcome == "finished":
        engine.save_weights(network, weights_path(config), commit=commit())
        images = {"train": sets.train, "test": sets.test}
        found = {name: evaluate(network, own, objective=trained.objective) for name, own in images.items()}
        metrics |= about_end(network, **found)
        predictions, labels = found["test"].predictions.cpu().numpy(), sets.test.labels.cpu().numpy()
        if sets.classes <= 256 and len(labels) <= MOST_PREDICTIONS:
            arrays |= {"predictions": predictions.astype(np.uint8), "labels": labels.astype(np.uint8)}
        else:
            arrays["correct"] = np.packbits(predictions == labels)
    return Result(metrics=metrics, arrays=arrays, outcome=end.outcome, diverged_step=end.diverged_step)


def about_end(network: nn.Module, train: Evaluation, test: Evaluation) -> dict[str, Any]:
    """Accuracies (%) and losses on all training and test images, the first class's share of predictions (%), and sizes.

    Sizes are numbers of parameters, in all and in the head; its coherence, and how many classes share their row. A
    learned head whose weights overflowed in their last step has no coherence.
    """
    head: FixedClassifier = network.classifier
    known = bool(head.matrix.isfinite().all())
    counts = [sum(p.numel() for p in part.parameters() if p.requires_grad) for part in (network, head)]
    return {
        "accuracy": 100 - test.error,
        "train_accuracy": 100 - train.error,
        "test_loss": test.loss,
        "train_loss": train.loss,
        "feature_norm": float(test.norms.mean()),
        "first_class_share": 100 * float((test.predictions == 0).double().mean()),
        "parameters": counts[0],
        "head_parameters": counts[1],
        "max_coherence": head.max_coherence if known else math.nan,
        "coinciding_classes": sum(map(len, head.coinciding_rows)) if known else 0,
    }


def about_curves(config: Config, read: Readings, end: engine.Outcome) -> Found:
    """The head's size, epochs to given accuracies, growth of the features' norms after the first epoch; all curves."""
    errors, losses, norms = np.array(read.errors), np.array(read.losses), torch.stack(read.norms).double()
    size = "scale" if config.head in SCALED else "weight_norm"
    metrics = {
        f"final_{size}": read.sizes[-1],  # a config has a scale too, and both stand in one row
        f"first_{size}": read.sizes[0],
        "norm_growth": float((norms[-1] / norms[min(1, len(norms) - 1)]).log().mean()),
        "epochs_to": epochs_to(read.epochs, 100 - errors[:, 1]),
    }
    arrays = {
        "epochs": np.array(read.epochs),
        "train_error": errors[:, 0],
        "test_error": errors[:, 1],
        "train_loss": losses[:, 0],
        "test_loss": losses[:, 1],
        "feature_norms": torch.quantile(norms, torch.tensor(QUANTILES).double(), dim=1).T.numpy(),
        "steps": np.array(read.steps),
        "sizes": np.array(read.sizes),
        "batch_loss": np.array(end.losses),
    }
    return metrics, {name: values.astype(np.float32) for name, values in arrays.items()}
