"""What a config trains, from its seed alone: images, network with its head, loss, optimizer, schedule and batches."""

import dataclasses
import functools
import itertools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import checks, data, engine, models
from .config import LARGE, RESNETS, Config
from .heads import OPTIONS, FixedClassifier
from .measures import CoincidingRows

MOMENTUM = 0.9
COSINE_LOSSES = {"cosine_absolute": 1, "cosine_squared": 2}  # with their powers
WEIGHT_DECAY = 1e-4  # of weights; none on biases and BatchNorm
HEAD_SEED, CLASS_SEED = 30_000, 20_000  # added to the seed: what is drawn of one must not depend on the other
SIZES = {True: 224, False: 32}  # pixels of a folder's images, for large and for small networks


class Settings(NamedTuple):
    """How a network is trained."""

    learning_rate: float
    batch_size: int
    epochs: int
    drops: tuple[float, float]  #: shares of the epochs after which the learning rate is divided by 10


PUBLISHED = {name: Settings(0.1, 128, 164, (81 / 164, 122 / 164)) for name in RESNETS}
PUBLISHED |= {name: Settings(0.1, 256, 90, (1 / 3, 2 / 3)) for name in LARGE}  # ours: the paper gives none
PUBLISHED |= {"densenet_bc_100_12": Settings(0.1, 64, 300, (0.5, 0.75)), "mlp": Settings(0.1, 64, 30, (0.5, 0.75))}


def settings_of(config: Config) -> Settings:
    """The published settings, with what the config changes."""
    changed = {name: getattr(config, name) for name in ("learning_rate", "batch_size", "epochs")}
    return PUBLISHED[config.network]._replace(**{name: value for name, value in changed.items() if value is not None})


def replica(config: Config, sets: "Sets", device: str) -> engine.Replica:
    """A config ready to be trained; all heads of a seed start on the same body and see the same batches."""
    stream, settings = data.generator(config.seed), settings_of(config)
    network = body(config, sets, generator=stream)
    draw = data.generator(config.seed + HEAD_SEED)
    network.classifier = head(config, network.classifier.in_features, sets.classes, generator=draw)
    network.to(device)
    augment = sets.shape[0] == 3 if config.augment is None else config.augment
    own = {"batch_size": min(settings.batch_size, len(sets.train.labels)), "generator": stream}
    if isinstance(sets.train, data.ImagePart):
        change = data.crop_and_flip if augment else None
        batches = data.Batches(sets.train.images, sets.train.labels, augment=change, **own)
    else:  # of a whole folder's images at several sizes
        batches = data.StreamedBatches(sets.train, augment=augment, **own)
    optimizer = optimizer_of(network, config)
    milestones = sorted({max(1, round(share * settings.epochs * len(batches))) for share in settings.drops})
    return engine.Replica(
        name=f"{config.network} {config.head} {config.dataset} seed {config.seed}",
        network=network,
        objective=objective_of(config.loss, config.other_target),
        optimizer=optimizer,
        batches=batches,
        schedule=torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones),
    )


def body(config: Config, sets: "Sets", *, generator: torch.Generator) -> nn.Module:
    """The untrained network of a config for the images of these sets, with an ordinary classifier."""
    common = {"generator": generator, "classes": sets.classes}
    own = {} if config.features is None else {"features": config.features}
    channels, height, width = sets.shape
    if config.network in RESNETS:
        depth = int(config.network.removeprefix("resnet_"))
        return models.resnet(depth, channels=channels, shortcut=config.shortcut, **common, **own)
    if config.network == "mlp":
        return models.mlp(in_features=channels * height * width, **common, **own)
    if config.network == "densenet_bc_100_12":
        return models.densenet_bc(100, growth=12, channels=channels, **common)
    return models.shufflenet(**common) if config.network == "shufflenet" else models.large(config.network, **common)


def head(config: Config, features: int, classes: int, *, generator: torch.Generator) -> FixedClassifier:
    """The config's classifier; for a cosine loss its scores are the cosines, with neither scale nor bias."""
    bare = config.loss != "cross_entropy"
    options = {name: getattr(config, name) for name in OPTIONS.get(config.head, ())}
    options |= {"scale": 1.0 if bare else config.scale, "initial_scale": config.initial_scale, "negate": config.negate}
    options |= {"binarised": config.binarised, "bias": not bare, "generator": generator}
    with warnings.catch_warnings(action="ignore", category=CoincidingRows):  # a result of the run, no surprise
        return FixedClassifier(features, classes, kind=config.head, **options)


def optimizer_of(network: nn.Module, config: Config) -> torch.optim.SGD:
    """SGD with momentum; weight decay on matrices and filters only, and on the head's scale where it is asked for."""
    groups: dict[str, list[nn.Parameter]] = {"weights": [], "others": [], "scale": []}
    for name, value in network.named_parameters():
        kind = "weights" if value.dim() > 1 or name.endswith(".values") else "others"  # a sparse head's are in a row
        if value.requires_grad:
            groups["scale" if name.endswith(".scale") else kind].append(value)
    decays = {"weights": WEIGHT_DECAY, "others": 0.0, "scale": config.scale_decay}
    options = [{"params": values, "weight_decay": decays[name]} for name, values in groups.items() if values]
    return torch.optim.SGD(options, lr=settings_of(config).learning_rate, momentum=MOMENTUM, fused=True)


def cosine_loss(
    cosines: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"], *, loss: str, other_target: float = -1.0
) -> Float[Tensor, ""]:
    """Mean over samples of `|q_y x^ - 1|^p` for the true class plus the sum of `|q_i x^ - t|^p` over the others.

    `cosine_absolute` has p = 1, `cosine_squared` p = 2, and t is `other_target`; the paper's formula is lost, so that t
    is a reading. With orthonormal rows the squares of the cosines add up to at most 1: t = 0 can be met by `x^ = q_y`,
    where the loss is 0. t = -1 cannot, and is smallest where the true cosine is `1 / sqrt(C)` and the others
    `-1 / sqrt(C)`. Range 0 to `2^p C` for unit rows and C classes. Raises `ValueError` for another loss, a target
    outside [-1, 1), and labels that are not one a sample, of the classes.
    """
    checks.one_of(COSINE_LOSSES, loss=loss)
    if not -1 <= other_target < 1:
        raise ValueError(f"other_target is a cosine below 1, at least -1, got {other_target}")
    checks.equally_many(cosines=cosines, labels=labels)
    checks.labels(labels, count=cosines.shape[1])
    classes = torch.arange(cosines.shape[1], device=cosines.device)
    targets = torch.where(labels[:, None] == classes, 1.0, other_target)
    return (cosines - targets).abs().pow(COSINE_LOSSES[loss]).sum(1).mean()


@functools.cache  # networks that train side by side share one objective
def objective_of(loss: str, other_target: float = -1.0) -> Callable:
    """The training loss of a config: mean cross entropy in nats, or a cosine loss."""
    if loss == "cross_entropy":
        return engine.cross_entropy
    how = {"loss": loss, "other_target": other_target}
    return lambda network, batch, settings: cosine_loss(network(batch.inputs), batch.labels, **how)


Images = data.ImagePart | data.StreamedImages


class Sets(NamedTuple):
    """What a network is trained and measured on."""

    train: Images
    test: Images
    classes: int
    shape: tuple[int, ...]  #: of one image: channels, height, width


def sets_of(config: Config, device: str) -> Sets:
    """The images of a config; those that no draw decides are kept for the next run."""
    any_draw = config.classes is not None or config.train_samples is not None
    own = {name: getattr(config, name) for name in ("dataset", "network", "classes", "class_choice", "train_samples")}
    return _sets(Config(**own, seed=config.seed if any_draw else 0), device)


@functools.lru_cache(maxsize=1)
def _sets(config: Config, device: str) -> Sets:
    """Images in [0, 1], in memory those of colour with the training images' mean 0 and deviation 1 in each channel."""
    kept, parts, count = None, [], len(data.classes(config.dataset))
    if config.classes is not None:
        groups = data.superclasses().values() if config.dataset == "cifar100" else [[label] for label in range(count)]
        draw, count = data.generator(config.seed + CLASS_SEED), config.classes
        kept = choose_classes(list(groups), count, choice=config.class_choice, generator=draw)
    folder, size = data.is_folder(config.dataset), SIZES[config.network in LARGE]
    load = functools.partial(data.load_folder, size=size) if folder else data.load
    for split, samples in (("train", config.train_samples), ("test", None)):
        found = load(config.dataset, split, device=device)
        rows, labels = rows_of(found.labels, kept, samples=samples, seed=config.seed)
        if folder:
            parts.append(dataclasses.replace(found.subset(rows), labels=labels))
        else:
            parts.append(data.ImagePart(data.to_float(found.images[rows.to(device)]), labels))
    shape = (3, size, size) if folder else tuple(parts[0].images.shape[1:])
    if shape[0] == 3 and not folder:
        moments = data.channel_statistics(parts[0].images)
        parts = [part._replace(images=data.normalize(part.images, *moments)) for part in parts]
    return Sets(*parts, count, shape)


def rows_of(
    labels: Int[Tensor, " samples"], kept: Int[Tensor, " classes"] | None, *, samples: int | None, seed: int
) -> tuple[Int[Tensor, " taken"], Int[Tensor, " taken"]]:
    """Numbers and new labels of the images to take: all of the classes that are kept (None: all), or a draw of them."""
    rows = torch.arange(len(labels)) if kept is None else torch.isin(labels.cpu(), kept).nonzero().flatten()
    rows = rows if samples is None else rows[data.stratified(labels.cpu()[rows], samples, seed=seed)]
    taken = labels[rows.to(labels.device)].long()
    return rows, taken if kept is None else torch.searchsorted(kept.to(labels.device), taken)


def choose_classes(
    groups: Sequence[Sequence[int]], count: int, *, choice: str, generator: torch.Generator
) -> Int[Tensor, " classes"]:
    """Labels of `count` classes out of groups of similar ones, sorted.

    `drawn`: from all alike. `within`: from as few groups as possible. `across`: from as many. Raises `ValueError` for
    more classes than there are.
    """

    def mixed(items: Iterable) -> list:
        items = list(items)
        return [items[place] for place in torch.randperm(len(items), generator=generator).tolist()]

    total = sum(map(len, groups))
    if not 2 <= count <= total:
        raise ValueError(f"count must lie in 2..{total}, the classes, got {count}")
    own = [mixed(group) for group in mixed(groups)]
    if choice == "across":
        order = [label for round in itertools.zip_longest(*own) for label in round if label is not None]
    else:
        order = mixed(itertools.chain(*groups)) if choice == "drawn" else list(itertools.chain(*own))
    return torch.tensor(order[:count]).sort().values
