"""Eq. 5-6 checked numerically: the growth of the rates against the gradient of the continued network's loss."""

import copy
import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from .networks import FullyConnected
from .optimizer import ClassRateSGD

STEP_SIZES = (1e-2, 1e-3, 1e-4, 1e-5)  # alpha

Parameters = dict[str, Tensor]


def continued_gradient(
    network: FullyConnected,
    inputs: Float[Tensor, "batch features"],
    labels: Int[Tensor, " batch"],
    *,
    alpha: float,
    num_classes: int,
    form: str,
) -> Parameters:
    """Gradient of the continued network's mean loss by the rates of its hidden layers, at mu = 1 (Eq. 3).

    Sample i has the weights `W - alpha D_i`, where `D_i` is `mu^{y_i} o g_i` in the form `sample` (its own gradient
    `g_i`), `mu^{y_i} o G_{y_i}` in `class`, and `sum_j mu^j o G_j` in `batch`. Autograd alone; tiny networks only.
    """
    weights, loss = sample_loss(network)
    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(weights, inputs, labels)
    one_hot = functional.one_hot(labels, num_classes).to(inputs.dtype)

    def continued_loss(rates: Parameters) -> Tensor:
        own = {
            name: weights[name] - alpha * displacement(rates[name], gradients[name], one_hot, form=form)
            for name in weights
        }
        return vmap(loss)(own, inputs, labels).mean()

    return grad(continued_loss)({name: value.new_ones(num_classes, *value.shape) for name, value in weights.items()})


def sample_loss(network: FullyConnected) -> tuple[Parameters, Callable[[Parameters, Tensor, Tensor], Tensor]]:
    """The parameters of the hidden layers, and the loss of one sample as a function of them; the rest is fixed."""
    weights = {name: value.detach() for name, value in network.named_parameters() if name.startswith("hidden")}
    rest = {name: value.detach() for name, value in network.named_parameters() if name not in weights}

    def loss(own: Parameters, features: Tensor, label: Tensor) -> Tensor:
        scores = functional_call(network, own | rest, (features[None],))
        return functional.cross_entropy(scores, label[None])

    return weights, loss


def displacement(
    rates: Float[Tensor, "classes *weight"],
    gradients: Float[Tensor, "batch *weight"],
    one_hot: Float[Tensor, "batch classes"],
    *,
    form: str,
) -> Float[Tensor, "batch *weight"]:
    """How far each sample's weights are moved, in units of alpha."""
    own_rates = torch.einsum("bc,c...->b...", one_hot, rates)
    if form == "sample":
        return own_rates * gradients
    by_class = torch.einsum("bc,b...->c...", one_hot, gradients) / len(gradients)
    if form == "class":
        return own_rates * torch.einsum("bc,c...->b...", one_hot, by_class)
    return (rates * by_class).sum(0).expand_as(gradients)


def growth(
    network: FullyConnected,
    inputs: Float[Tensor, "batch features"],
    labels: Int[Tensor, " batch"],
    *,
    alpha: float,
    num_classes: int,
    form: str,
) -> Parameters:
    """What one step of `ClassRateSGD` with alpha_mu = 1 adds to the rates (Eq. 6); the network's weights move."""
    optimizer = ClassRateSGD(
        network, lr=alpha, rate_lr=1.0, num_groups=num_classes, cutoff=2, reset_every=None, form=form, count=10**6
    )
    optimizer.observe(labels)
    functional.cross_entropy(network(inputs), labels).backward()
    optimizer.step()
    names = [name for name, _ in network.named_parameters() if name.startswith("hidden")]
    added = [rate - 1 for rates in optimizer.rates.values() for rate in rates]
    return dict(zip(names, added, strict=True))


def remainders(
    network: FullyConnected,
    inputs: Float[Tensor, "batch features"],
    labels: Int[Tensor, " batch"],
    *,
    num_classes: int,
    form: str,
) -> list[float]:
    """Length of `dL/dmu + alpha S` for each of `STEP_SIZES`, relative to that of `alpha S`: of order alpha (Eq. 5)."""
    found = []
    for alpha in STEP_SIZES:
        settings = {"alpha": alpha, "num_classes": num_classes, "form": form}
        exact = continued_gradient(network, inputs, labels, **settings)
        added = growth(copy.deepcopy(network), inputs, labels, **settings)
        difference = math.hypot(*(float((exact[name] + added[name]).norm()) for name in exact))
        found.append(difference / math.hypot(*(float(value.norm()) for value in added.values())))
    return found
