"""From a config to a trained network, in a form that every instrument can read: `fc1`, and all that its units feed."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, data, engine, models
from ..class_rates import ClassRateSGD
from ..data.images import HELD_OUT
from ..distancing.measures import squared_distance
from ..distancing.paths import point_of
from ..distancing.penalty import Kernel, Push
from ..experts.losses import gated_cross_entropy, soft_nearest_neighbor_loss
from ..experts.network import Mixture, MixtureOutput
from ..fixed_classifiers import FixedClassifier
from ..records.store import commit, weights_path
from ..redundancy.training import Sets
from ..runs import fit
from .config import CENTRED, MIXTURES, MOST_SAMPLES, SNNL, Config

LAYER = "fc1"  # that all networks share
# Added to the seed, so that no draw depends on what an arm draws besides
ORDER_SEED, HEAD_SEED, EXPERTS_SEED, OTHER_SEED = 10_000, 20_000, 30_000, 40_000


class MixtureLeNet(nn.Module):
    """LeNet's first layer, then five experts in the place of its second."""

    def __init__(self, first: nn.Linear, mixture: Mixture) -> None:
        super().__init__()
        self.fc1, self.mixture = first, mixture

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> MixtureOutput:
        """What the mixture gives for the units of the first layer, which its `features` are."""
        units = functional.relu(self.fc1(images.flatten(1)))
        return self.mixture(units[:, :, None, None])


class Routed(nn.Module):
    """The end of a mixture: from gate scores and the experts' hidden sums to the chosen expert's scores (Eq. 4)."""

    def __init__(self, weight: Float[Tensor, "experts classes hidden"], bias: Float[Tensor, "experts classes"]) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight.clone()), nn.Parameter(bias.clone())

    def split(self, sums: Float[Tensor, "batch sums"]) -> tuple[Tensor, Float[Tensor, "batch experts hidden"]]:
        """The chosen expert of each row, and the units of all experts."""
        experts, _, hidden = self.weight.shape
        checks.width(experts * (1 + hidden), sums=sums)
        return sums[:, :experts].argmax(1), functional.relu(sums[:, experts:]).unflatten(1, (experts, hidden))

    def scores(self, hidden: Float[Tensor, "batch experts hidden"]) -> Float[Tensor, "batch experts classes"]:
        """Class scores of each expert."""
        return torch.einsum("bkh,kch->bkc", hidden, self.weight) + self.bias

    def forward(self, sums: Float[Tensor, "batch sums"]) -> Float[Tensor, "batch classes"]:
        """Class scores of the chosen experts."""
        chosen, hidden = self.split(sums)
        return self.scores(hidden)[torch.arange(len(sums), device=sums.device), chosen]


@torch.no_grad()
def plain(network: nn.Module) -> nn.Sequential:
    """A network as `flatten, fc1, relu1, fc2, ...` that classifies alike; a centred gate's mean goes into its bias.

    Gate and experts of a mixture are the rows of `fc2`, so that a unit of `fc1` is removed from all of them at once.
    """
    if not isinstance(network, MixtureLeNet):
        return network.eval()
    mixture = network.eval().mixture
    bias = mixture.gate.bias
    if mixture.mean is not None:
        mean = mixture.mean.total / mixture.mean.weight.clamp(min=1e-6)
        bias = bias - mixture.centred_gate * mixture.gate.weight @ mean
    weights = torch.cat([mixture.gate.weight, mixture.hidden_weight.flatten(0, 1)])
    second = nn.Linear(weights.shape[1], len(weights), device=weights.device)
    second.weight.copy_(weights)
    second.bias.copy_(torch.cat([bias, mixture.hidden_bias.flatten()]))
    route = Routed(mixture.output_weight, mixture.output_bias)
    layers = OrderedDict(flatten=nn.Flatten(), fc1=network.fc1, relu1=nn.ReLU(), fc2=second, route=route)
    return nn.Sequential(layers).eval()


def sets_of(config: Config, device: str) -> Sets:
    """The parts of a config's data set by its seed alone: of all arms the same images."""
    held_in = len(data.load(config.dataset, "train", device=device).labels)
    fitting = min(MOST_SAMPLES, held_in - min(HELD_OUT, held_in // 5))
    return data.image_sets(config.dataset, device, seed=config.seed, train_samples=config.train_samples or fitting)


def build(config: Config, sets: Sets) -> nn.Module:
    """The untrained network; its first layer starts from the same weights in every arm but one."""
    seed = config.seed + OTHER_SEED * (config.arm == "another_seed")
    channels, height, width = sets.train.images.shape[1:]
    sizes = {"in_features": channels * height * width, "width": config.width, "classes": sets.classes}
    network = models.lenet_300_100(generator=data.generator(seed), **sizes)
    if config.arm in MIXTURES:
        mixture = Mixture(
            channels=config.width,
            size=1,
            classes=sets.classes,
            experts=config.experts,
            hidden_units=config.hidden_units // config.experts,
            generator=data.generator(config.seed + EXPERTS_SEED),
            extractor=None,
            centred_gate=float(config.arm in CENTRED),
        )
        return MixtureLeNet(network.fc1, mixture).to(sets.train.images.device)
    if config.arm == "fixed_head":
        draw = {"seed": config.seed + HEAD_SEED, "initial_scale": config.initial_scale}
        network.fc3 = fixed_head(network.fc3.in_features, sets.classes, **draw)
    return network.to(sets.train.images.device)


def fixed_head(features: int, classes: int, *, seed: int, initial_scale: float = 10.0) -> FixedClassifier:
    """Orthonormal rows that are drawn by the seed and never trained."""
    how = {"kind": "orthonormal", "initial_scale": initial_scale, "generator": data.generator(seed)}
    return FixedClassifier(features, classes, **how)


# Training


def gated(network: nn.Module, batch: data.Batch, settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Gated cross entropy of a mixture (Eq. 5), plus the weighted SNNL of the first layer's units."""
    output = network(batch.inputs)
    loss = gated_cross_entropy(output.gates, output.logits, batch.labels)
    if not settings["snnl_weight"]:
        return loss
    added = soft_nearest_neighbor_loss(output.features, batch.labels, temperature=settings["temperature"])
    return loss + settings["snnl_weight"] * added


class Trained(NamedTuple):
    """A trained network as instruments read it, the same before training, and what shows that its cure did its work."""

    network: nn.Sequential
    initial: nn.Sequential
    metrics: dict[str, float]


def train(config: Config, sets: Sets, *, progress: bool = True) -> Trained:
    """Train a config's network from its seed; its weights go to the cache. Raises `Diverged`."""
    network, initial = build(config, sets), plain(build(config, sets))
    push = Push(Kernel(strength=config.strength * (config.arm == "pushed"), width=config.kernel_width))
    shift = OTHER_SEED * (config.arm in ("another_seed", "another_order"))
    order = data.generator(config.seed + ORDER_SEED + shift)
    batches = data.Batches(*sets.train, batch_size=config.batch_size, generator=order)
    optimizer = optimizer_of(config, network, sets, epoch=len(batches))

    def leave_half_way(progress: engine.Progress) -> None:
        if progress.stretch == config.epochs // 2:
            push.leave(network)

    replica = engine.Replica(
        name=f"{config.arm} {config.dataset} seed {config.seed}",
        network=network,
        objective=objective_of(config, optimizer),
        settings={"snnl_weight": config.snnl_weight * (config.arm in SNNL), "temperature": config.temperature},
        optimizer=optimizer,
        batches=batches,
        adjust=push,
        callbacks=(leave_half_way,),
    )
    fit(replica, steps=config.epochs * len(batches), progress=progress)
    metrics = {"largest_rate": optimizer.largest_rate} if isinstance(optimizer, ClassRateSGD) else {}
    if push.checkpoints:  # left at half the training; none where there is one epoch only
        metrics["moved"] = math.sqrt(squared_distance(point_of(network), push.checkpoints[0]))
    whole = plain(network)
    engine.save_weights(whole, weights_path(config), commit=commit())
    return Trained(whole, initial, metrics)


def optimizer_of(config: Config, network: nn.Module, sets: Sets, *, epoch: int) -> torch.optim.Optimizer:
    """Plain gradient descent, with class rates over the first half of the training where the arm has them."""
    if config.arm != "class_rates":
        trained = [value for value in network.parameters() if value.requires_grad]
        return torch.optim.SGD(trained, lr=config.learning_rate, fused=True)
    return ClassRateSGD(
        network,
        lr=config.learning_rate,
        rate_lr=config.rate_learning_rate,
        num_groups=sets.classes,
        cutoff=max(1, config.epochs // 2) * epoch,
        reset_every=max(1, epoch // 2),
    )


def objective_of(config: Config, optimizer: torch.optim.Optimizer) -> Callable[..., Tensor]:
    """What is minimized; class rates are told the labels before each pass."""
    if config.arm in MIXTURES:
        return gated
    if not isinstance(optimizer, ClassRateSGD):
        return engine.cross_entropy

    def observed(network: nn.Module, batch: data.Batch, settings: Mapping[str, float]) -> Tensor:
        optimizer.observe(batch.labels)
        return engine.cross_entropy(network, batch, settings)

    return observed


def trained_network(config: Config, sets: Sets, *, progress: bool = True) -> nn.Sequential:
    """The trained network of a config, from the cache where it is there."""
    found = engine.cached_weights(plain(build(config, sets)), weights_path(config))
    return train(config, sets, progress=progress).network if found is None else found.eval()
