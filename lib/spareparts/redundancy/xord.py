"""XORD (Brutzkus and Globerson): does a large layer find patterns that a small one, which fits as well, never sees?

An input is a row of pairs of +-1, positive where a pair holds the same value twice. The layer has 2-vectors, k positive
and k negative, ReLU, the maximum over the pairs, and fixed outputs +1 and -1.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .. import data, engine, models
from ..records.store import Found
from ..runs import fit
from .config import Config
from .measures import centred, same_spectrum
from .pruning import normalized
from .training import INITIALIZATIONS, Sets, Settings, sets_of, settings_of, train

Filters, Inputs = Float[Tensor, "replicas filters 2"], Float[Tensor, "batch pairs 2"]
PAIRS = 10  # d
REPLICAS = 100  # training sets and initial weights of one run, trained side by side
MARGIN = 1.0
ITERATIONS, LEARNING_RATE, SCALE = 5_000, 0.02, 0.1  # step and initial deviation over k: the scores start alike
UNITS = 4
# The patterns (1, 1) and (-1, -1) are positive, (1, -1) and (-1, 1) negative.
PATTERNS = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
HOLDS = torch.tensor([[True, True], [True, False], [False, True]])  # of the two patterns of a sign
# An input's scores depend on which patterns it holds, not on where: that leaves twelve kinds of input.
KINDS = torch.cat(
    [torch.cat([torch.zeros(3, 2, dtype=torch.bool), HOLDS], 1)]
    + [torch.cat([positive.expand(3, 2), HOLDS], 1) for positive in HOLDS]
)
REPRESENTATIVES = PATTERNS[torch.where(KINDS, torch.arange(4), KINDS.int().argmax(1)[:, None])]  # in four pairs
SIGNS = torch.cat([torch.full((3,), -1.0), torch.ones(9)])
# The kinds that show whether a pattern was found: the positive ones with no other positive pattern, the negative one.
EVIDENCE = torch.stack(
    [KINDS[:, own] & ~KINDS[:, twin] & ((SIGNS < 0) | (own < 2)) for own, twin in ((0, 1), (1, 0), (2, 3), (3, 2))]
)


def often(diverse: float) -> Float[Tensor, " 3"]:
    """How often an input holds both patterns of a sign (the share `diverse`), and either alone."""
    return torch.tensor([diverse, (1 - diverse) / 2, (1 - diverse) / 2])


def probabilities(diverse: float) -> Float[Tensor, " 12"]:
    """How often each kind of input occurs; half the inputs are positive."""
    each = often(diverse)
    return torch.cat([each, torch.outer(each, each).flatten()]) / 2


def outputs(filters: Filters, pairs: Inputs) -> Float[Tensor, "replicas batch"]:
    """`N(x) = sum_i max_j relu(<w_i, x_j>) - sum_i max_j relu(<u_i, x_j>)` of every replica; u are the latter half."""
    positive, negative = torch.einsum("rfd,bpd->rfbp", filters, pairs).amax(-1).relu().chunk(2, dim=1)
    return positive.sum(1) - negative.sum(1)


class Detector(nn.Module):
    """Replicas of the layer, each with k positive filters, then k negative ones."""

    def __init__(self, *, units: int, replicas: int, generator: torch.Generator) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.randn(replicas, 2 * units, 2, generator=generator) * SCALE / units)
        self.register_buffer("signs", torch.ones(2 * units, 1).where(torch.arange(2 * units)[:, None] < units, -1.0))

    def forward(self) -> Float[Tensor, "replicas 12"]:
        """Outputs for the twelve kinds of input, in a step as cheap for 120 filters as for 2.

        Which pair a filter answers to depends on its octant alone, so the filters of an octant can be added first.
        """
        members = functional.one_hot(octants(self.filters.detach()), 8).float()
        sums = members.transpose(1, 2) @ (self.signs * self.filters)
        return sums.flatten(1) @ ANSWERED.flatten(0, 1)


def octants(filters: Float[Tensor, "*shape 2"]) -> Int[Tensor, "*shape"]:
    """Which eighth of the plane each filter points into, 0 to 7: that orders its answers to the four patterns."""
    one, other = filters.sum(-1), filters[..., 0] - filters[..., 1]
    return 4 * (one > 0).long() + 2 * (other > 0).long() + (one.abs() > other.abs()).long()


def answered() -> Float[Tensor, "8 2 12"]:
    """The pair that a filter of each octant answers to in an input of each kind, 0 where it gives nothing."""
    turns = torch.arange(8) * math.pi / 4 + math.pi / 8
    inside = torch.stack([turns.cos(), turns.sin()], 1)
    inside = inside[octants(inside).argsort()]
    answers = (inside @ PATTERNS.T)[:, None].where(KINDS, 0.0)
    largest, pattern = answers.max(-1)
    return (PATTERNS[pattern] * (largest > 0)[..., None]).transpose(1, 2).contiguous()


ANSWERED = answered()


def draw(signs: Float[Tensor, " batch"], *, diverse: float, generator: torch.Generator) -> Inputs:
    """Inputs of these labels: the patterns that each holds come once, then at random, in random places."""
    kinds = [torch.multinomial(often(diverse), len(signs), replacement=True, generator=generator) for _ in range(2)]
    holds = torch.cat([HOLDS[kinds[0]] & (signs > 0)[:, None], HOLDS[kinds[1]]], 1)
    chosen = torch.multinomial(holds.float(), PAIRS, replacement=True, generator=generator)
    chosen[:, :4] = torch.where(holds, torch.arange(4), chosen[:, :4])
    places = torch.rand(chosen.shape, generator=generator).argsort(1)
    return PATTERNS[chosen.gather(1, places)]


def held(inputs: Inputs) -> Bool[Tensor, "batch 4"]:
    """Which of the four patterns each input holds."""
    return (inputs[:, :, None] == PATTERNS).all(-1).any(1)


def training_sets(
    *, samples: int, replicas: int, diverse: float, generator: torch.Generator
) -> Float[Tensor, "replicas 12"]:
    """Each replica's training set, half of it positive, as shares of the kinds."""
    signs = torch.where(torch.arange(samples) < samples // 2, 1.0, -1.0)
    drawn = [held(draw(signs, diverse=diverse, generator=generator)) for _ in range(replicas)]
    return torch.stack([(holds[:, None] == KINDS).all(-1).float().mean(0) for holds in drawn])


def objective(network: nn.Module, batch: tuple[Tensor], settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Mean hinge loss `max(0, margin - y N(x))` of every replica, summed: replicas do not touch each other."""
    (weights,) = batch
    return (weights * (MARGIN - SIGNS * network()).relu()).sum()


def explored(filters: Filters) -> Float[Tensor, " replicas"]:
    """How many of the four patterns are the nearest one to some filter of their own sign."""
    nearest = functional.one_hot((filters @ PATTERNS.T).argmax(2), 4).bool()
    positive, negative = (half.any(1) for half in nearest.chunk(2, dim=1))
    return torch.cat([positive[:, :2], negative[:, 2:]], 1).float().sum(1)


def xord(config: Config, *, progress: bool = True) -> Found:
    """Train `REPLICAS` layers of k = `units` filters of each sign, each on `train_samples` inputs of its own.

    The training sets depend on the seed alone, so that layers of every size see the same. The test error is exact: that
    over all inputs, weighted by how often they occur. Raises `Diverged`.
    """
    units, steps, stream = config.units or UNITS, config.iterations or ITERATIONS, data.generator(config.seed)
    form = {"samples": config.train_samples or 12, "replicas": REPLICAS, "diverse": config.diverse}
    sets = training_sets(**form, generator=stream)
    network = Detector(units=units, replicas=REPLICAS, generator=stream)
    untrained = network.filters.detach().clone()
    replica = engine.Replica(
        name=f"xord, {units} filters",
        network=network,
        objective=objective,
        optimizer=torch.optim.SGD(network.parameters(), lr=(config.learning_rate or LEARNING_RATE) / units),
        batches=[(sets,)] * steps,
    )
    fit(replica, steps=steps, every=500, progress=progress)
    return measure(network, untrained, sets, diverse=config.diverse)


@torch.no_grad()
def measure(network: Detector, untrained: Tensor, sets: Tensor, *, diverse: float) -> Found:
    """Errors in %, and patterns found and explored (0 to 4) of every replica; means of those that fit."""
    wrong = (SIGNS * outputs(network.filters, REPRESENTATIVES) <= 0).float()
    missed = torch.stack([(wrong * kinds).any(1) for kinds in EVIDENCE.float()], 1)
    arrays = {
        "train_error": 100 * (sets * wrong).sum(1),
        "test_error": 100 * (probabilities(diverse) * wrong).sum(1),
        "found": 4 - missed.float().sum(1),
        "explored": explored(untrained),
    }
    fitted = arrays["train_error"] == 0
    metrics = {"replicas": len(fitted), "fitted": int(fitted.sum())}
    if fitted.any():
        metrics |= {f"fitted_{name}": round(float(values[fitted].mean()), 4) for name, values in arrays.items()}
    return metrics, {name: values.numpy().astype(np.float32) for name, values in arrays.items()}


# Filters on images: do those of a trained convolution lie close to a few directions?

WIDTH = 120  # filters, as the largest layer on XORD
CENTRES = 4
SETTINGS = Settings("sgd", 0.03, 64, 1_000)  # ours
STARTS = 10  # of k-means, the best of which counts


def convolution(sets: Sets, *, width: int, initialization: str, generator: torch.Generator) -> nn.Sequential:
    """XORD's three layers for images: 5x5 filters with ReLU, the maximum over pixels, and a fully connected layer.

    The maximum is over 2x2 neighbours, not over the image, and the last layer is trained.
    """
    channels, height, breadth = sets.train.images.shape[1:]
    pixels = ((height - 3) // 2 // 2) * ((breadth - 3) // 2 // 2)
    layers = OrderedDict(
        conv=skip_init(nn.Conv2d, channels, width, 5, stride=2),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc=skip_init(nn.Linear, width * pixels, sets.classes),
    )
    network = models.initialize(nn.Sequential(layers), initialization, generator=generator)
    return network.to(sets.train.images.device)


def angles_to_centres(rows: Float[Tensor, "units fan_in"], *, seed: int) -> Float[Tensor, " units"]:
    """Angle in degrees, 0 to 180, of each row to the centre of its cluster: k-means of the rows made of length 1."""
    unit = normalized(rows).cpu().numpy()
    found = KMeans(CENTRES, n_init=STARTS, random_state=seed).fit(unit)
    own = normalized(torch.from_numpy(found.cluster_centers_[found.labels_]))
    cosines = (torch.from_numpy(unit) * own).sum(1)
    return torch.rad2deg(cosines.clamp(-1, 1).acos())


def filters(config: Config, *, progress: bool = True) -> Found:
    """Train a large convolution, and compare its filters' angles to 4 centres with those before training.

    Beside them: the same with the filters' mean removed, which a common shift does not bring together, and random
    filters with the trained spectrum, which share its few large directions but no clusters.
    """
    sets, stream = sets_of(config, engine.choose_device()), data.generator(config.seed)
    initialization = INITIALIZATIONS[config.initialization]
    network = convolution(sets, width=config.width or WIDTH, initialization=initialization, generator=stream)
    settings, name = settings_of(config, SETTINGS), f"filters seed {config.seed}"
    trained = train(network, sets, settings=settings, stream=stream, name=name, progress=progress)
    rows, initial = (each.conv.weight.detach().flatten(1).cpu() for each in (trained.network, trained.initial))
    kinds = {
        "trained": rows,
        "untrained": initial,
        "centred": centred(rows),
        "untrained_centred": centred(initial),
        "spectrum": same_spectrum(torch.linalg.svdvals(rows.double()), units=len(rows), generator=stream),
    }
    metrics = {"accuracy": engine.accuracy(trained.network, sets.test), "best_step": trained.watch.best_step}
    angles = {kind: angles_to_centres(own, seed=config.seed) for kind, own in kinds.items()}
    return metrics | {f"{kind}_angle": float(found.mean()) for kind, found in angles.items()}, {}
