"""What defines a run of the fixed-classifiers chapter, and which runs a notebook's parameters name."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, combinations, defaults_of, given_lists
from ..records.fields import Cosine, Count, Fraction, NonNegative, Positive, Precision, Seed, Several

# train a network with a head; a language model with an embedding; or measure what a head costs, without training
EXPERIMENTS = ("images", "language", "heads")
RESNETS = ("resnet_20", "resnet_32", "resnet_56")
LARGE = ("resnet_50", "densenet_169", "shufflenet")  # for images of 224 pixels; the others take 32 of a folder's
NETWORKS = (*RESNETS, "densenet_bc_100_12", *LARGE, "mlp")
PUBLISHED_ON = {"resnet_56": "cifar10", "densenet_bc_100_12": "cifar100"} | dict.fromkeys(LARGE, "imagenet")
FIXED = ("orthonormal", "hadamard", "tight_frame")
SCALED = (*FIXED, "normalised")  # scale Q x / ||x|| + b; the others W x + b
HEADS = ("learned", *SCALED, "frozen", "low_rank", "sparse")
EMBEDDINGS = ("learned_tied", "learned_untied", "orthogonal", "pmi", "word2vec")

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One run; None stands for the published protocol, or for the experiment's own choice.

    Raises `ValueError` for values that cannot be run with, and for settings that the experiment does not use.
    """

    word: ClassVar[str] = "fixed_classifiers"
    revision: ClassVar[int] = 1

    experiment: Literal[EXPERIMENTS] = "images"
    seed: Seed = 1
    dataset: str = "cifar10"  #: or the name of a folder of images, such as imagenet
    network: Literal[NETWORKS] = "resnet_56"
    shortcut: Literal["padding", "projection"] = "padding"  #: of a residual network for small images
    head: Literal[HEADS] = "learned"
    matrix: Literal["sylvester", "paley"] = "sylvester"  #: of Hadamard heads
    skip_ones: bool = False  #: leave out the Hadamard matrix's row of ones
    coordinates: Literal["first", "scattered"] = "first"  #: of the Hadamard matrix, that features are put in
    negate: bool = False  #: the logits before the bias, as the authors' code does
    rank: Count | None = None  #: of a low-rank head; None: the head's own choice
    density: Fraction | None = None  #: share of a sparse head's weights that are not 0; None: the head's own choice
    #: those of cosines have neither scale nor bias
    loss: Literal["cross_entropy", "cosine_squared", "cosine_absolute"] = "cross_entropy"
    other_target: Cosine = -1.0  #: cosine that a cosine loss asks of the wrong classes; 0 can be met, -1 cannot
    scale: Positive | None = None  #: held at this value; None: learned
    initial_scale: Positive = 1.0  #: of a learned one; ours
    scale_decay: NonNegative = 0.0  #: weight decay on the scale; ours
    binarised: bool = False  #: features are signs, whose norm is constant, and are not normalised
    features: Count | None = None  #: that the head sees; None: the network's own, or 4096 (heads)
    classes: Several | None = None  #: so many only; None: all, or 4096 (heads)
    #: drawn by the seed; from few, or from many, superclasses of CIFAR-100
    class_choice: Literal["drawn", "within", "across"] = "drawn"
    train_samples: Count | None = None  #: seeded stratified draw; None: all images
    augment: bool | None = None  #: random crops and flips; None: of colour images
    precision: Precision = "float32"
    embedding: Literal[EMBEDDINGS] = "learned_tied"
    corpus: Literal["ptb", "wikitext_2", "generated"] = "ptb"
    units: Count | None = None  #: of an LSTM layer and of the embedding; None: 512
    normalised: bool = False  #: the language model's head sees x / ||x||, times a scale
    epochs: Count | None = None
    learning_rate: Positive | None = None  #: the first
    batch_size: Count | None = None  #: images, columns of text, or rows of features
    phase: Literal["training", "inference"] = "training"  #: that is timed

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, kind in unused(vars(self)).items():
            default, value = defaults_of(Config)[name], getattr(self, name)
            if value != default:
                raise ValueError(f"{kind} does not use {name}, which must stay {default}, got {value}")
        if self.experiment == "images":
            self._check_images()

    def _check_images(self) -> None:
        """Settings that the network or the data do not have."""
        if self.shortcut != "padding" and self.network not in RESNETS:
            raise ValueError(f"shortcut is of {', '.join(RESNETS)}; {self.network} has none, got {self.shortcut!r}")
        if self.network in LARGE and not data.is_folder(self.dataset):
            raise ValueError(f"{self.network} needs a folder of images, see load_folder; {self.dataset!r} is none")
        if self.features is not None and self.network not in (*RESNETS, "mlp"):
            raise ValueError(f"features must stay None for {self.network}, got {self.features}")
        data.fingerprint(self.dataset)  # raises for an unknown set
        if self.class_choice != "drawn" and (self.classes is None or self.dataset != "cifar100"):
            given = f"{self.classes} of {self.dataset!r}"
            raise ValueError(f"class_choice {self.class_choice!r} needs a number of classes of cifar100, got {given}")

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
        if self.experiment == "heads":
            return "paper"
        changed = ("epochs", "learning_rate", "batch_size", "train_samples", "classes", "features", "units", "augment")
        whole = self.precision == "float32" and all(getattr(self, name) is None for name in changed)
        images = self.experiment == "images"
        named = self.dataset == PUBLISHED_ON.get(self.network) if images else self.corpus == "wikitext_2"
        return "paper" if whole and named else "reduced"


def unused(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings that a run with these does not use, each with what does not use it; others have their defaults."""
    given = {**defaults_of(Config), **settings}
    experiment, head = given["experiment"], given["head"]
    found = {name: f"experiment {experiment!r}" for name, users in USERS.items() if experiment not in users}
    if experiment == "language":
        scales = () if given["normalised"] else ("scale", "initial_scale")
        return found | dict.fromkeys(scales, "a language model that is not normalised")
    found |= {name: f"head {head!r}" for name, users in HEAD_USERS.items() if head not in users}
    if given["loss"] == "cross_entropy":
        found["other_target"] = "loss 'cross_entropy'"
    else:
        found |= dict.fromkeys(("scale", "initial_scale", "scale_decay"), f"loss {given['loss']!r}")
    if given["scale"] is not None:
        found |= dict.fromkeys(("initial_scale", "scale_decay"), "a scale that is held")
    return found | ({"coordinates": "matrix 'paley'"} if given["matrix"] == "paley" else {})


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
    lists = {"network": networks, "dataset": datasets, "head": heads} | settings
    given = given_lists({name: value for name, value in lists.items() if value != ()})
    found = {}  # each config once
    for experiment in experiments:
        for choice in combinations({"experiment": [experiment]} | given):
            used = {name: value for name, value in choice.items() if name not in unused(choice)}
            found |= dict.fromkeys(Config(seed=seed, **used) for seed in seeds)
    return list(found)
