"""What five papers measure, each as one function of a network and images, beside what chance gives.

All look at the layer `fc1`.
"""

import copy

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import checks, data, engine
from ..class_rates import specialized_share
from ..distancing.measures import disagreement, error_correlation, match, relative_distance
from ..distancing.pairs import along
from ..distancing.paths import line, point_of
from ..experts.measures import mutual_information
from ..models.units import Place
from ..redundancy.measures import null_clustering
from ..redundancy.network import firing
from ..redundancy.pruning import cut, frame_potential, measure_pruning, pruning_order, unit_rows
from ..redundancy.spectra import effective_rank, rank_accuracies, singular_values
from ..redundancy.training import Part, Sets
from ..redundancy.widths import accuracy_drops, largest_correlations
from ..runs import fit
from .config import Config
from .networks import LAYER, Routed, fixed_head

Activations, Labels = Float[np.ndarray, "samples units"], Int[np.ndarray, " samples"]
IMAGES = 2_000  # test images, on which units are read and removed
LEVELS = 8  # into which a unit's outputs are sorted
ALLOWED_DROP = 0.05  # points of accuracy: an image in 2,000, and so many are a removable unit's
REPEATED = 0.8  # correlation with another unit above which a unit is repeated
KEPT = 0.99  # of the accuracy, by the directions that are counted
FROZEN_SEED = 50_000  # added to the seed: of the fixed classifiers that are tried, and of their batches
NULL_SEED = 0  # of permuted labels, random rows and random orders: the same for all networks


def instruments(network: nn.Sequential, initial: nn.Sequential, sets: Sets) -> dict[str, float]:
    """Every instrument that needs one network, with its null levels."""
    shown = sets.test.first(IMAGES)
    metrics = {"accuracy": engine.accuracy(network, sets.test)} | units(network, shown, classes=sets.classes)
    before = units(initial, shown, classes=sets.classes)
    metrics |= {f"untrained_{name}": before[name] for name in before if "permuted" not in name}
    metrics["silent"] = 100 * float((~firing(network, sets.train.images, layer=LAYER)).double().mean())
    areas, _ = measure_pruning(network, *shown, layer=LAYER, generator=data.generator(NULL_SEED))
    for name, order in (("norm", "norm_smallest"), ("potential", "frame_potential_smallest"), ("random", "random")):
        metrics[f"area_{name}"] = areas[f"area_{order}"]
    return metrics | weights(network, shown)


# Units


@torch.inference_mode()
def outputs(network: nn.Sequential, images: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch units"]:
    """What the units of the layer give, after their ReLU."""
    parts = cut(network.eval(), LAYER)
    return parts.between(parts.head(images))


def unit_information(activations: Activations, labels: Labels) -> Float[np.ndarray, " units"]:
    """Mutual information of each unit's output, sorted into `LEVELS` of equal size, and the class, in nats.

    Equal outputs are of one level, so that all images that a unit is silent for are. The estimate is biased upwards by
    about `(levels - 1)(classes - 1) / 2n`, which permuted labels show. Raises `ValueError` for labels that are not one
    a row, and outputs that are not finite.
    """
    checks.equally_many(activations=activations, labels=labels)
    checks.finite(activations=activations)
    edges = np.quantile(activations, np.linspace(0, 1, LEVELS + 1)[1:-1], axis=0)
    sorted_in = [np.searchsorted(np.unique(edge), row) for edge, row in zip(edges.T, activations.T, strict=True)]
    told = torch.from_numpy(labels)
    sizes = {"num_experts": LEVELS, "num_classes": int(labels.max()) + 1}
    return np.array([float(mutual_information(torch.from_numpy(level), told, **sizes)) for level in sorted_in])


def class_means(values: Activations, labels: Labels) -> Float[np.ndarray, "classes units"]:
    """Mean over the samples of each class that occurs."""
    return np.stack([values[labels == label].mean(0) for label in np.unique(labels)])


def selectivity(activations: Activations, labels: Labels) -> Float[np.ndarray, " units"]:
    """`(m - r) / (m + r)`: m a unit's mean output for the class that it answers to most, r its mean over the others.

    The index of Morcos et al. (2018), from 0 to 1, for outputs that are not negative: 0 for a silent unit, 1 for one
    that fires for one class alone. Raises `ValueError` for labels that are not one a row, a single class, and outputs
    that are negative or not finite.
    """
    checks.equally_many(activations=activations, labels=labels)
    checks.finite(activations=activations)
    means = class_means(activations, labels)
    checks.whole(2, classes=len(means))
    checks.at_least(0, smallest_output=float(activations.min()))
    most = means.max(0)
    rest = (means.sum(0) - most) / (len(means) - 1)
    return np.divide(most - rest, most + rest, out=np.zeros_like(most), where=most > 0)


def classes_fired_for(activations: Activations, labels: Labels) -> Int[np.ndarray, " units"]:
    """Number of classes for more than half of whose samples a unit gives more than 0."""
    checks.equally_many(activations=activations, labels=labels)
    return (class_means((activations > 0).astype(np.float64), labels) > 0.5).sum(0)


def units(network: nn.Sequential, part: Part, *, classes: int) -> dict[str, float]:
    """Specialised, removable and repeated units in %, what a unit tells about the class, and for how many it fires."""
    given, labels = outputs(network, part.images), part.labels.cpu().numpy()
    activations = given.cpu().numpy()
    permuted = np.random.default_rng(NULL_SEED).permutation(labels)
    drops, partners = accuracy_drops(network, *part, layer=LAYER), largest_correlations(network, part.images)
    return {
        "specialized": float(specialized_share([activations], labels, num_classes=classes).mean()),
        "permuted_specialized": float(specialized_share([activations], permuted, num_classes=classes).mean()),
        "information": float(unit_information(activations, labels).mean()),
        "permuted_information": float(unit_information(activations, permuted).mean()),
        "selectivity": float(selectivity(activations, labels).mean()),
        "permuted_selectivity": float(selectivity(activations, permuted).mean()),
        "classes": float(classes_fired_for(activations, labels).mean()),
        "removable": 100 * float((drops <= ALLOWED_DROP + 1e-6).double().mean()),
        "repeated": 100 * float((partners > REPEATED).double().mean()),
    }


# Weights


def weights(network: nn.Sequential, part: Part) -> dict[str, float]:
    """Frame potential of the rows over those of random rows and of rows with the same spectrum; effective rank.

    `rank` is the fewest directions of the layer (above 64 rounded up by as many as 7) with which the network keeps
    `KEPT` of its accuracy on these images.
    """
    rows = unit_rows(network.get_submodule(LAYER).weight)
    nulls = null_clustering(rows, generator=data.generator(NULL_SEED, rows.device))
    potential, whole, most = float(frame_potential(rows)), engine.accuracy(network, part), min(rows.shape)
    tried = [*range(1, min(most, 64)), *range(64, most, 8), most]
    found = rank_accuracies(network[1:], part.images.flatten(1), part.labels, ranks=tried)
    return {
        "potential": potential / nulls["random_potential"],
        "spectrum_potential": potential / nulls["spectrum_potential"],
        "effective_rank": effective_rank(singular_values(rows)),
        "rank": next(rank for rank, kept in zip(tried, found, strict=True) if kept >= KEPT * whole or rank == most),
    }


# Beside the network that it is held against


def against(network: nn.Sequential, reference: nn.Sequential, sets: Sets, config: Config) -> dict[str, float]:
    """Distance, disagreement, correlation of errors, shared spare units, and the barrier where one line joins both.

    The distance is of the first layers, relative, with units matched; the barrier (points of error) is measured on all
    parameters, and left out for two architectures. Spare are the half of the units with the smallest norms: chance
    gives 50% that are so in both.
    """
    (first,), (second,) = (engine.predict(each, sets.test.images) for each in (reference, network))
    right = [scores.argmax(1) == sets.test.labels for scores in (first, second)]
    metrics = {
        "disagreement": 100 * disagreement(first.argmax(1), second.argmax(1)),
        "error_correlation": error_correlation(*right),
        "distance": matched_distance(reference, network, seed=config.seed),
        "shared_spare": 100 * shared_spare(*(each.get_submodule(LAYER).weight for each in (reference, network))),
    }
    one, other = ([value.shape for value in each.parameters()] for each in (reference, network))
    return metrics | ({"barrier": matched_barrier(reference, network, sets, seed=config.seed)} if one == other else {})


def matched_distance(reference: nn.Sequential, network: nn.Sequential, *, seed: int) -> float:
    """Distance of two first layers over the reference's length, the units of the second in the order of the first's."""
    first, second = (nn.Sequential(copy.deepcopy(each.get_submodule(LAYER))) for each in (reference, network))
    own = torch.arange(len(first[0].weight))[:, None]
    group = tuple(Place(name=name, axis=0, positions=own) for name in ("0.weight", "0.bias"))
    matched = match(first, second, generator=data.generator(seed), groups=[group])
    return relative_distance(point_of(first), point_of(matched))


def shared_spare(first: Float[Tensor, "units fan_in"], second: Float[Tensor, "units fan_in"]) -> float:
    """Share of the smaller half of the first layer's units that are in the smaller half of the second's: 0.5 by chance.

    Unit by unit, for layers that start from the same weights. Raises `ValueError` for other shapes.
    """
    checks.same_shape(first=first, second=second)
    small = [set(pruning_order(rows.detach(), criterion="norm")[: len(rows) // 2].tolist()) for rows in (first, second)]
    return len(small[0] & small[1]) / len(small[0])


def matched_barrier(reference: nn.Sequential, network: nn.Sequential, sets: Sets, *, seed: int) -> float:
    """How far the test error on the line between both rises above its ends' own line, in points; units matched."""
    matched = match(reference, network, generator=data.generator(seed))
    _, rise = along(reference, line(point_of(reference), point_of(matched)), sets.train, sets.test)
    return rise


# The cost of a fixed classifier


class FrozenRoute(Routed):
    """The end of a mixture whose experts have fixed classifiers; which expert is chosen stays with the gate."""

    def __init__(self, route: Routed, heads: list[nn.Module]) -> None:
        super().__init__(route.weight, route.bias)
        self.requires_grad_(False)
        self.heads = nn.ModuleList(heads)

    def scores(self, hidden: Float[Tensor, "batch experts hidden"]) -> Float[Tensor, "batch experts classes"]:
        """Class scores of each expert."""
        return torch.stack([head(hidden[:, expert]) for expert, head in enumerate(self.heads)], dim=1)


def with_fixed_head(network: nn.Sequential, config: Config, *, classes: int) -> nn.Sequential:
    """A copy whose last layer, or the last one of each expert, is a fixed orthonormal one."""
    frozen = copy.deepcopy(network)
    if isinstance(frozen[-1], Routed):
        experts, _, hidden = frozen[-1].weight.shape
        heads = [fixed_head(hidden, classes, seed=config.seed + FROZEN_SEED + place) for place in range(experts)]
        frozen[-1] = FrozenRoute(frozen[-1], heads)
    else:
        features = frozen[-1].in_features
        frozen[-1] = fixed_head(features, classes, seed=config.seed + FROZEN_SEED)
    return frozen.to(network[1].weight.device)


def frozen_cost(network: nn.Sequential, sets: Sets, config: Config, *, progress: bool = True) -> dict[str, float]:
    """Points of test accuracy that a fixed last layer costs; both sides train one epoch further on the same batches."""
    left = []
    for side in (copy.deepcopy(network), with_fixed_head(network, config, classes=sets.classes)):
        order = data.generator(config.seed + FROZEN_SEED)
        batches = data.Batches(*sets.train, batch_size=config.batch_size, generator=order)
        trained = [value for value in side.parameters() if value.requires_grad]
        optimizer = torch.optim.SGD(trained, lr=config.learning_rate, fused=True)
        replica = engine.Replica(
            name="one epoch further", network=side, objective=engine.cross_entropy, optimizer=optimizer, batches=batches
        )
        fit(replica, steps=len(batches), progress=progress)
        left.append(engine.accuracy(side, sets.test))
    return {"frozen_cost": left[0] - left[1]}
