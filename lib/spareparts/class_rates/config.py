"""What defines a run of the class-rates chapter, and which runs a notebook's parameters name."""

import csv
import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Literal, NamedTuple

from .. import data
from ..records import RunConfig
from ..records.config import check_lists, given_lists, used_combinations
from ..records.fields import Count, Part, Positive, Seed


class Architecture(NamedTuple):
    """A row of Table 1."""

    layers: int  #: hidden ones
    width: int  #: units of the first hidden layer
    shape: str  #: conic or rectangular
    dropout: float


# The paper's Tables 1, 2 and 3 as printed; the last two columns are ours: rows of the largest class in the test half,
# and all rows there.
PRINTED = Path(__file__).with_name("tables.csv")
ROWS = list(csv.DictReader(PRINTED.read_text(encoding="utf-8").splitlines()))
ARCHITECTURES = {
    row["dataset"]: Architecture(int(row["layers"]), int(row["width"]), row["shape"], float(row["dropout"]))
    for row in ROWS
}
ATTAINABLE = tuple(row["dataset"] for row in ROWS if row["largest_class"])  # all but miniboone: the sets counted
# What the source of Table 1 (the public hyperparameters of Klambauer et al. 2017) says where the paper differs.
CORRECTIONS = {"yeast": {"layers": 3}, "wine-quality-red": {"dropout": 0.0}}

PUBLISHED_EPOCHS = 100
NETS = {"selu": "SELU", "relu": "ReLU", "tanh": "tanh"}  # activations, and their names on a page
ACTIVATIONS = tuple(NETS)
ARMS = ("baseline", "class_rates", "proof", "untrained")
FORMS = ("sample", "class", "batch")  # of what the rates grow by
CUTOFFS = (10, 20, 30)  # epochs
RATE_LEARNING_RATES = {"selu": 1e5, "tanh": 1e5, "relu": 1e4}  # alpha_mu
RATES = ("rate_learning_rate", "cutoff", "groups", "reset", "rated")
USERS = {name: ("class_rates",) for name in RATES} | {
    "form": ("class_rates", "proof"),
    "learning_rate": ("baseline", "class_rates"),
}
# What the paper states, or leaves open and we keep at one choice; alpha_mu, the cutoff and the form may be tuned.
STATED = ("learning_rate", "groups", "reset", "rated", "hidden_layers", "width", "validation_share", "scaling")
STATED += ("batch_size", "initialization")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """One network on one data set; the defaults are the paper's protocol where it states one, ours where it does not.

    Raises `ValueError` for values that cannot be trained with, and for class-rate settings in the baseline.
    """

    word: ClassVar[str] = "class_rates"
    revision: ClassVar[int] = 1
    source: ClassVar[Any] = SimpleNamespace(fingerprint=data.table_fingerprint, fidelity=data.table_fidelity)

    dataset: str = "twonorm"
    activation: Literal[ACTIVATIONS] = "selu"  #: with alpha dropout; relu and tanh with dropout
    #: without training: proof (Eq. 5-6) and untrained (its measures)
    arm: Literal[ARMS] = "baseline"
    seed: Seed = 1  #: of weights, validation rows, batches and dropout masks
    epochs: Count = PUBLISHED_EPOCHS
    batch_size: Count = 128  #: ours; a smaller training set is one batch
    learning_rate: Positive = 0.01  #: alpha
    rate_learning_rate: Positive | None = None  #: alpha_mu before any reduction; None: the paper's for the activation
    cutoff: Count = 10  #: epochs after which plain gradients are used
    #: of the drive S: squares of each sample's gradient, of each class's, or class times batch
    form: Literal[FORMS] = "sample"
    #: what shares a rate: a class; all samples; samples at random; a layer; clusters of inputs
    groups: Literal["classes", "one", "shuffled", "layers", "clusters"] = "classes"
    reset: Literal["half_epoch", "never"] = "half_epoch"
    #: the bottom min(L-1, 16) linear layers; or a half of the hidden layers
    rated: Literal["all", "bottom_half", "top_half"] = "all"
    corrected_table: bool = True  #: Table 1 with yeast's layers and wine-quality-red's dropout put right
    hidden_layers: Count | None = None  #: None: as Table 1
    width: Count | None = None  #: units of the first hidden layer; None: as Table 1
    validation_share: Part = 0.15
    scaling: Literal["collection", "train"] = "collection"  #: of columns, by the whole file or the rows trained on
    #: the activation's own is LeCun's for SELU, He's for ReLU, Glorot's for tanh
    initialization: Literal["activation", "lecun", "he", "glorot"] = "activation"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.architecture  # noqa: B018, raises for an unknown set
        data.table_fingerprint(self.dataset)
        if self.groups == "layers" and self.form != "sample":
            raise ValueError(f"a rate per layer takes form 'sample', got {self.form!r}")
        self._check_users("arm", USERS)

    @property
    def architecture(self) -> Architecture:
        """Table 1's row, with the overrides of this config; a generated set has the row of its UCI twin."""
        name = self.dataset.removeprefix(data.GENERATED_PREFIX)
        if name not in ARCHITECTURES:
            raise ValueError(f"Table 1 has no data set {name!r}; it has {', '.join(ARCHITECTURES)}")
        row = ARCHITECTURES[name]
        if self.corrected_table:
            row = row._replace(**CORRECTIONS.get(name, {}))
        return row._replace(layers=self.hidden_layers or row.layers, width=self.width or row.width)

    @property
    def first_rate_learning_rate(self) -> float:
        """The alpha_mu that training is first tried with."""
        return self.rate_learning_rate or RATE_LEARNING_RATES[self.activation]

    @property
    def protocol(self) -> str:
        """`paper` for runs as the paper describes them, whatever their alpha_mu and cutoff; else `reduced`."""
        stated = all(getattr(self, name) == getattr(Config, name) for name in STATED) and self.form == "sample"
        whole = self.epochs == PUBLISHED_EPOCHS and not self.dataset.startswith(data.GENERATED_PREFIX)
        return "paper" if self.arm == "proof" or (stated and whole and self.arm != "untrained") else "reduced"


def plan(
    *,
    datasets: Sequence[str],
    activations: Sequence[str] = ACTIVATIONS,
    seeds: Sequence[int] = (1,),
    arms: Sequence[str] = ("baseline", "class_rates"),
    cutoffs: Sequence[int] = CUTOFFS,
    learning_rates: Sequence[float] = (0.01,),
    **settings: Any,
) -> list[Config]:
    """The configs that a notebook's parameters name: every data set, seed and arm, and every setting that the arm uses.

    The data set `all` stands for every set of the paper that can be had: all but miniboone. All that trains does so
    with every learning rate, and what has rates with every cutoff, to choose among them on validation. Another setting
    is a field of `Config`, with one value or a list; none or an empty list leaves it at its default. Raises
    `ValueError` for a repeated or empty list and what no arm uses, `TypeError` for an unknown setting.
    """
    datasets = ATTAINABLE if list(datasets) == ["all"] else datasets
    lists = {"activation": activations, "cutoff": cutoffs, "learning_rate": learning_rates}
    check_lists({"datasets": datasets, "seeds": seeds, "arms": arms} | lists)
    tuned = {name: values for name, values in lists.items() if set(arms) & set(USERS.get(name, arms))}
    choices = used_combinations(arms, tuned | given_lists(settings), USERS)
    untrained = set(arms) - set(USERS["learning_rate"])
    return [
        Config(dataset=dataset, seed=seed, arm=arm, **choice | ({"epochs": 1} if arm in untrained else {}))
        for dataset, seed, arm in itertools.product(datasets, seeds, arms)
        for choice in choices[arm]
    ]
