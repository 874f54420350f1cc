"""Eq. 5-6 checked numerically: the growth of the rates against the gradient of the continued network's loss."""

import copy
import dataclasses
import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from .networks import FullyConnected
from .optimizer import ClassRateSGD

Parameters = dict[str, Tensor]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Continuation:
    """A network continued by one step of training on a batch (Eq. 2); autograd alone, so for tiny networks only.

    Sample i has the weights `W - alpha D_i`, where `D_i` is `mu^{y_i} o g_i` in the form `sample` (its own gradient
    `g_i`), `mu^{y_i} o G_{y_i}` in `class`, and `sum_j mu^j o G_j` in `batch`.
    """

    network: FullyConnected
    inputs: Float[Tensor, "batch features"]
    labels: Int[Tensor, " batch"]
    form: str

    def remainder(self, alpha: float) -> float:
        """Length of `dL/dmu + alpha S`, relative to that of `alpha S`: of order alpha (Eq. 5)."""
        exact, added = self.gradient(alpha), self.growth(alpha)
        difference = math.hypot(*(float((exact[name] + added[name]).norm()) for name in exact))
        return difference / math.hypot(*(float(value.norm()) for value in added.values()))

    def gradient(self, alpha: float) -> Parameters:
        """Gradient of the continued network's mean loss by the rates of its hidden layers, at mu = 1."""
        parameters = {name: value.detach() for name, value in self.network.named_parameters()}
        weights = {name: value for name, value in parameters.items() if name.startswith("hidden")}

        def loss(own: Parameters, features: Tensor, label: Tensor) -> Tensor:
            scores = functional_call(self.network, parameters | own, (features[None],))
            return functional.cross_entropy(scores, label[None])

        gradients = vmap(grad(loss), in_dims=(None, 0, 0))(weights, self.inputs, self.labels)

        def continued_loss(rates: Parameters) -> Tensor:
            moved = {name: alpha * self.displacement(rates[name], gradients[name]) for name in weights}
            own = {name: value - moved[name] for name, value in weights.items()}
            return vmap(loss)(own, self.inputs, self.labels).mean()

        ones = {name: value.new_ones(self.network.output.out_features, *value.shape) for name, value in weights.items()}
        return grad(continued_loss)(ones)

    def displacement(
        self, rates: Float[Tensor, "classes *weight"], gradients: Float[Tensor, "batch *weight"]
    ) -> Float[Tensor, "batch *weight"]:
        """How far each sample's weights are moved, `D_i`."""
        one_hot = functional.one_hot(self.labels, len(rates)).to(gradients.dtype)
        own_rates = torch.einsum("bc,c...->b...", one_hot, rates)
        if self.form == "sample":
            return own_rates * gradients
        by_class = torch.einsum("bc,b...->c...", one_hot, gradients) / len(gradients)
        if self.form == "class":
            return own_rates * torch.einsum("bc,c...->b...", one_hot, by_class)
        return (rates * by_class).sum(0).expand_as(gradients)

    def growth(self, alpha: float) -> Parameters:
        """What one step of `ClassRateSGD` with alpha_mu = 1 adds to the rates (Eq. 6)."""
        network, classes = copy.deepcopy(self.network), self.network.output.out_features
        optimizer = ClassRateSGD(
            network, lr=alpha, rate_lr=1.0, num_groups=classes, cutoff=2, reset_every=None, form=self.form, count=10**6
        )
        optimizer.observe(self.labels)
        functional.cross_entropy(network(self.inputs), self.labels).backward()
        optimizer.step()
        names = [name for name, _ in network.named_parameters() if name.startswith("hidden")]
        added = [rate - 1 for rates in optimizer.rates.values() for rate in rates]
        return dict(zip(names, added, strict=True))
