"""Optimizer steps of stacked replicas, each with its own hyperparameters: what torch.optim does, replica by replica."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

State = Mapping[str, Tensor]  # stacked tensors of the optimizer's state of one parameter


class Kind(NamedTuple):
    """What of an optimizer's parameter group is a number for each replica, what all must share, and what it keeps."""

    numbers: tuple[str, ...]
    shared: tuple[str, ...]
    state: tuple[str, ...]


KINDS = {
    torch.optim.SGD: Kind(("lr", "momentum", "weight_decay"), ("nesterov",), ("momentum_buffer",)),
    torch.optim.Adam: Kind(
        ("lr", "beta1", "beta2", "weight_decay", "eps"),
        ("decoupled_weight_decay",),
        ("step", "exp_avg", "exp_avg_sq"),
    ),
}
KINDS[torch.optim.AdamW] = KINDS[torch.optim.Adam]
UNKNOWN = ("dampening", "maximize", "amsgrad", "differentiable")  # options that stacked updates have not


def numbers(group: Mapping[str, Any], kind: Kind) -> list[float]:
    """The numbers of a parameter group as they stand now."""
    values = dict(group)
    if "betas" in group:
        values["beta1"], values["beta2"] = group["betas"]
    return [float(values[name]) for name in kind.numbers]


def update(
    kind: type, parameter: Tensor, gradient: Tensor, state: State, *, shared: Mapping[str, bool], values: Tensor
) -> None:
    """One step of an optimizer of that kind on stacked replicas; `values` are (numbers, replicas), in double."""
    if kind is torch.optim.SGD:
        sgd(parameter, gradient, state, values=values, nesterov=shared["nesterov"])
    else:
        adam(parameter, gradient, state, values=values, decoupled=shared["decoupled_weight_decay"])


def spread(values: Float[Tensor, " replicas"], like: Float[Tensor, "replicas *shape"]) -> Tensor:
    """A number for each replica, in the type and with the axes of a stacked tensor."""
    return values.to(like.dtype).view(-1, *[1] * (like.dim() - 1))


@torch.no_grad()
def sgd(
    parameter: Float[Tensor, "replicas *shape"],
    gradient: Float[Tensor, "replicas *shape"],
    state: State,
    *,
    values: Float[Tensor, "numbers replicas"],
    nesterov: bool = False,
) -> None:
    """`g += decay p; m = momentum m + g; p -= lr m`, or `p -= lr (g + momentum m)` with Nesterov's momentum.

    Momentum starts from 0, which gives torch.optim's first step. The order of `values` is that of `KINDS`.
    """
    lr, momentum, weight_decay = (spread(row, parameter) for row in values)
    gradient = gradient + weight_decay * parameter
    if "momentum_buffer" in state:
        moving = state["momentum_buffer"].mul_(momentum).add_(gradient)
        gradient = gradient + momentum * moving if nesterov else moving
    parameter.sub_(lr * gradient)


@torch.no_grad()
def adam(
    parameter: Float[Tensor, "replicas *shape"],
    gradient: Float[Tensor, "replicas *shape"],
    state: State,
    *,
    values: Float[Tensor, "numbers replicas"],
    decoupled: bool,
) -> None:
    """Adam, or AdamW where the weight decay is decoupled; bias corrections in double, as torch.optim has them."""
    lr, beta1, beta2, weight_decay, eps = values
    steps = state["step"].add_(1).double()
    size = spread(lr / (1 - beta1**steps), parameter)
    root = spread((1 - beta2**steps).sqrt(), parameter)
    if decoupled:
        parameter.mul_(spread(1 - lr * weight_decay, parameter))
    else:
        gradient = gradient + spread(weight_decay, parameter) * parameter
    mean = state["exp_avg"].lerp_(gradient, spread(1 - beta1, parameter))
    square = state["exp_avg_sq"].mul_(spread(beta2, parameter))
    square.add_(gradient.square() * spread(1 - beta2, parameter))
    parameter.sub_(size * mean / (square.sqrt() / root + spread(eps, parameter)))
