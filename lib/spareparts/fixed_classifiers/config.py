"""What defines a run of the fixed-classifiers chapter, and which runs a notebook's parameters name."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, combinations, given_lists

# train a network with a head; a language model with an embedding; or measure what a head costs, without training
EXPERIMENTS = ("images", "language", "heads")
RESNETS = ("resnet_20", "resnet_32", "resnet_56")
LARGE = ("resnet_50", "densenet_169", "shufflenet")  # for images of 224 pixels; the others take 32 of a folder's
NETWORKS = (*RESNETS, "densenet_bc_100_12", *LARGE, "mlp")
PUBLISHED_ON = {"resnet_56": "cifar10", "densenet_bc_100_12": "cifar100"} | dict.fromkeys(LARGE, "imagenet")
FIXED = ("orthonormal", "hadamard", "tight_frame")
SCALED = (*FIXED, "normalised")  # see x / ||x|| only, times one scale
HEADS = ("learned", *SCALED, "frozen", "low_rank", "sparse")
EMBEDDINGS = ("learned_tied", "learned_untied", "orthogonal", "pmi", "word2vec")
CORPORA = ("ptb", "wikitext_2", "generated")

# The experiments that use a setting, and the heads that do; those that are not named are used by all.
OF_IMAGES = ("dataset", "network", "shortcut", "class_choice", "loss", "other_target", "binarised", "scale_decay")
OF_IMAGES += ("train_samples", "augment", "precision")
OF_HEADS = ("head", "matrix", "skip_ones", "coordinates", "negate", "rank", "density", "features", "classes")
USERS = dict.fromkeys(OF_IMAGES, ("images",)) | dict.fromkeys(OF_HEADS, ("images", "heads"))
USERS |= dict.fromkeys(("embedding", "corpus", "units", "normalised"), ("language",)) | {"phase": ("heads",)}
USERS |= dict.fromkeys(("learning_rate", "epochs"), ("images", "language"))
HEAD_USERS = dict.fromkeys(("matrix", "skip_ones", "coordinates"), ("hadamard",)) | {"negate": FIXED}
HEAD_USERS |= dict.fromkeys(("loss", "other_target", "scale", "initial_scale", "scale_decay"), SCALED)
HEAD_USERS |= {"rank": ("low_rank",), "density": ("sparse",)}
NAMES = {  # what a setting may be called
    "experiment": EXPERIMENTS,
    "network": NETWORKS,
    "shortcut": ("padding", "projection"),
    "head": HEADS,
    "matrix": ("sylvester", "paley"),
    "coordinates": ("first", "scattered"),
    "loss": ("cross_entropy", "cosine_squared", "cosine_absolute"),
    "class_choice": ("drawn", "within", "across"),
    "precision": ("float32", "bfloat16", "tf32"),
    "embedding": EMBEDDINGS,
    "corpus": CORPORA,
    "phase": ("training", "inference"),
}
LEAST = {"epochs": 1, "train_samples": 1, "batch_size": 1, "classes": 2, "features": 1, "units": 1, "rank": 1}
LEAST |= {"seed": 0, "scale_decay": 0, "other_target": -1}
POSITIVE = ("learning_rate", "scale", "initial_scale", "density")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One run; None stands for the published protocol, or for the experiment's own choice.

    Raises `ValueError` for values that cannot be run with, and for settings that the experiment does not use.
    """

    word: ClassVar[str] = "fixed_classifiers"
    revision: ClassVar[int] = 1

    experiment: str = "images"  # one of EXPERIMENTS
    seed: int = 1
    dataset: str = "cifar10"  # or the name of a folder of images, such as imagenet
    network: str = "resnet_56"  # one of NETWORKS
    shortcut: str = "padding"  # of a residual network for small images; or projection
    head: str = "learned"  # one of HEADS
    matrix: str = "sylvester"  # of Hadamard heads; or paley
    skip_ones: bool = False  # leave out the Hadamard matrix's row of ones
    coordinates: str = "first"  # of the Hadamard matrix, that features are put in; or scattered
    negate: bool = False  # the logits before the bias, as the authors' code does
    rank: int | None = None  # of a low-rank head; None: the head's own choice
    density: float | None = None  # share of a sparse head's weights that are not 0; None: the head's own choice
    loss: str = "cross_entropy"  # or cosine_squared, cosine_absolute: neither scale nor bias
    other_target: float = -1.0  # cosine that a cosine loss asks of the wrong classes; 0 can be met, -1 cannot
    scale: float | None = None  # held at this value; None: learned
    initial_scale: float = 1.0  # of a learned one; ours
    scale_decay: float = 0.0  # weight decay on the scale; ours
    binarised: bool = False  # features are signs, whose norm is constant, and are not normalised
    features: int | None = None  # that the head sees; None: the network's own, or 4096 (heads)
    classes: int | None = None  # so many only; None: all, or 4096 (heads)
    class_choice: str = "drawn"  # by the seed; or within, across: from few, or from many, superclasses of CIFAR-100
    train_samples: int | None = None  # seeded stratified draw; None: all images
    augment: bool | None = None  # random crops and flips; None: of colour images
    precision: str = "float32"  # or bfloat16, tf32
    embedding: str = "learned_tied"  # one of EMBEDDINGS
    corpus: str = "ptb"  # one of CORPORA
    units: int | None = None  # of an LSTM layer and of the embedding; None: 512
    normalised: bool = False  # the language model's head sees x / ||x||, times a scale
    epochs: int | None = None
    learning_rate: float | None = None  # the first
    batch_size: int | None = None  # images, columns of text, or rows of features
    phase: str = "training"  # that is timed; or inference

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_names(NAMES)
        for name, least in LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        for name in POSITIVE:
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} must be positive, got {value}")
        self._check_users("experiment", USERS)
        self._check_head()
        if self.experiment == "images":
            self._check_images()
        if self.experiment == "language" and not self.normalised and (self.scale, self.initial_scale) != (None, 1.0):
            raise ValueError(f"only a normalised language model has a scale, got {self.scale} and {self.initial_scale}")

    def _check_head(self) -> None:
        """Settings that the head does not have."""
        if self.experiment != "language":
            self._check_users("head", HEAD_USERS)
        if self.loss == "cross_entropy" and self.other_target != -1.0:
            raise ValueError(f"other_target is of the cosine losses and must stay -1, got {self.other_target}")
        if self.loss != "cross_entropy" and self.scale is not None:
            raise ValueError(f"loss {self.loss!r} has no scale, which must stay None, got {self.scale}")
        held = self.loss != "cross_entropy" or self.scale is not None
        if self.experiment != "language" and held and (self.initial_scale, self.scale_decay) != (1.0, 0.0):
            given = f"initial_scale must stay 1, got {self.initial_scale}, and scale_decay 0, got {self.scale_decay}"
            raise ValueError(f"no scale is learned, so {given}")
        if self.matrix == "paley" and self.coordinates == "scattered":
            raise ValueError("coordinates 'scattered' are of sylvester matrices; paley ones have none, got 'scattered'")
        if self.density is not None and self.density > 1:
            raise ValueError(f"density must lie in (0, 1], got {self.density}")

    def _check_images(self) -> None:
        """Settings that the network or the data do not have."""
        if self.shortcut != "padding" and self.network not in RESNETS:
            raise ValueError(f"shortcut is of {', '.join(RESNETS)}; {self.network} has none, got {self.shortcut!r}")
        if self.network in LARGE and not data.is_folder(self.dataset):
            raise ValueError(f"{self.network} needs a folder of images, see load_folder; {self.dataset!r} is none")
        if self.features is not None and self.network not in (*RESNETS, "mlp"):
            raise ValueError(f"features must stay None for {self.network}, got {self.features}")
        data.fingerprint(self.dataset)  # raises for an unknown set
        if self.classes is None and self.class_choice != "drawn":
            raise ValueError(f"class_choice {self.class_choice!r} needs a number of classes, got {self.classes}")
        if self.class_choice != "drawn" and self.dataset != "cifar100":
            raise ValueError(f"class_choice {self.class_choice!r} needs cifar100's superclasses, got {self.dataset!r}")

    @property
    def fingerprint(self) -> str:
        """Sha256 of what is read: images or text, or of the words that say what is measured."""
        if self.experiment == "heads":
            return hashlib.sha256(b"heads, version 1").hexdigest()
        return data.text_fingerprint(self.corpus) if self.experiment == "language" else data.fingerprint(self.dataset)

    @property
    def fidelity(self) -> str:
        """How the data relate to the official files."""
        if self.experiment == "heads":
            return "random features"
        return data.text_fidelity(self.corpus) if self.experiment == "language" else data.fidelity(self.dataset)

    @property
    def protocol(self) -> str:
        """`paper` for a whole experiment on the data that the paper names, else `reduced`."""
        changed = ("epochs", "learning_rate", "batch_size", "train_samples", "classes", "features", "units", "augment")
        open_or_set = [getattr(self, name) for name in changed]
        if self.experiment != "heads" and (open_or_set.count(None) < len(changed) or self.precision != "float32"):
            return "reduced"
        if self.experiment == "heads":
            return "paper"
        named = (
            self.corpus == "wikitext_2"
            if self.experiment == "language"
            else self.dataset == PUBLISHED_ON.get(self.network)
        )
        return "paper" if named else "reduced"


# What an experiment is run with where nothing else is asked for.
GRIDS: dict[str, Mapping[str, Sequence[Any]]] = {
    "images": {},
    "language": {"embedding": EMBEDDINGS},
    "heads": {"head": ("learned", "orthonormal", "hadamard"), "phase": ("training", "inference")},
}


def plan(
    *,
    experiments: Sequence[str] = ("images",),
    networks: Sequence[str] = ("resnet_56",),
    datasets: Sequence[str] = ("cifar10",),
    heads: Sequence[str] = (),
    seeds: Sequence[int] = (1,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every experiment, network, data set, head and seed, and setting.

    A setting is a field of `Config`, with one value or a list; none or an empty list leaves it to the experiment, and
    an experiment or head that does not use it is run once without it. Raises `ValueError` for a repeated or empty list
    and an unknown experiment, `TypeError` for an unknown setting.
    """
    check_lists({"experiments": experiments, "networks": networks, "datasets": datasets, "seeds": seeds})
    unknown = [name for name in experiments if name not in EXPERIMENTS]
    if unknown:
        raise ValueError(f"unknown experiments {', '.join(map(repr, unknown))}; known: {', '.join(EXPERIMENTS)}")
    lists = {"network": networks, "dataset": datasets, "head": heads} | settings
    given = given_lists({name: value for name, value in lists.items() if value != ()})
    found = [
        Config(experiment=experiment, seed=seed, **choice)
        for experiment in experiments
        for choice in _choices(dict(GRIDS[experiment]) | given, experiment)
        for seed in seeds
    ]
    return list(dict.fromkeys(found))


def _choices(grid: Mapping[str, Sequence[Any]], experiment: str) -> list[dict[str, Any]]:
    """Every combination of the settings, each without what its experiment or its head does not use."""
    found = []
    for choice in combinations(grid):
        head = choice.get("head", "learned")
        unused = {name for name, users in USERS.items() if experiment not in users}
        unused |= {name for name, users in HEAD_USERS.items() if head not in users and experiment != "language"}
        held = choice.get("loss", "cross_entropy") != "cross_entropy" or choice.get("scale") is not None
        if held or (experiment == "language" and not choice.get("normalised")):
            unused |= {"initial_scale", "scale_decay"}
        found.append({name: value for name, value in choice.items() if name not in unused})
    return found
