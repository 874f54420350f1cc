"""Stochastic gradient descent with a learning rate for every weight and class, learned along the way."""

import functools
import math
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from .. import checks, data
from .config import FORMS

MOST_LAYERS = 16  # the paper's limit, "for computational reasons"
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def rated_layers(network: nn.Module, *, count: int = MOST_LAYERS, position: str = "bottom") -> list[nn.Linear]:
    """The linear layers that get learning rates of their own: the `count` lowest or highest, never the topmost.

    Raises `ValueError` for a network with convolutions (not supported), without a linear layer below another, or where
    one of the chosen layers is frozen.
    """
    checks.one_of(("bottom", "top"), position=position)
    checks.whole(1, count=count)
    for name, module in network.named_modules():
        if isinstance(module, CONVOLUTIONS):
            raise ValueError(f"class rates are not supported for convolutions: {name!r} is a {type(module).__name__}")
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    if len(linear) < 2:
        raise ValueError(f"at least 2 linear layers are needed, the topmost is never rated; got {len(linear)}")
    chosen = linear[:-1][:count] if position == "bottom" else linear[:-1][-count:]
    frozen = [layer for layer in chosen if not all(weights.requires_grad for weights in layer.parameters())]
    if frozen:
        raise ValueError(f"a rated layer must be trained, got a frozen {frozen[0]}; unfreeze it, or rate other layers")
    return chosen


class ClassRateSGD(torch.optim.SGD):
    """Plain SGD, in which each rated weight has a learning rate for each class (Eq. 1 and 6).

    A step first lets the rates grow, `mu^j <- mu^j + alpha_mu alpha S_j`, then moves the weights,
    `W <- W - alpha sum_j mu^j o G_j`, both from the same batch: `G_j = 1/B sum_{i: y_i = j} g_i` with sample i's own
    gradient `g_i`, and the drive `S_j` is `1/B sum_{i: y_i = j} g_i o g_i` by the form `sample` (Eq. 6), `G_j o G_j` by
    `class`, and `G_j o sum_k G_k` by `batch`, which can be negative. No gradient of a sample is stored.

    The rates start at 1 and return to it every `reset_every` steps (None: never); after `cutoff` steps the plain
    gradient is used again. Before each forward pass `observe` has to be told the batch's groups: its labels, or what
    else shall share a rate.

    The rates are of the gradient that flows into the rated layers' outputs, so that is all that these layers' gradients
    may hold: a penalty on their weights, clipping, and gradients added up over several backward passes have no groups.
    `step` raises `RuntimeError` for them (on a GPU the next reset does, or the cutoff: a step does not wait for it).

    With `per_layer=True` a rated layer has a single rate, driven by the mean of S over its weights and biases.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        lr: float,  # alpha
        rate_lr: float,  # alpha_mu
        num_groups: int,
        cutoff: int,  # steps
        reset_every: int | None,  # steps
        form: str = "sample",
        count: int = MOST_LAYERS,
        position: str = "bottom",
        per_layer: bool = False,
    ) -> None:
        checks.positive(lr=lr, rate_lr=rate_lr)
        checks.whole(1, num_groups=num_groups, cutoff=cutoff, reset_every=1 if reset_every is None else reset_every)
        checks.one_of(FORMS, form=form)
        if per_layer and (form, num_groups) != ("sample", 1):
            raise ValueError(f"a rate per layer takes form 'sample' and 1 group, got {form!r} and {num_groups}")
        self.layers = rated_layers(network, count=count, position=position)
        super().__init__(network.parameters(), lr=lr, fused=True)
        self.rate_lr, self.num_groups, self.form, self.per_layer = rate_lr, num_groups, form, per_layer
        self.cutoff, self.reset_every, self.steps = cutoff, reset_every, 0
        self.largest_rate = 1.0  # of all rates so far, read at each reset and at the cutoff
        self._start()

    def _start(self) -> None:
        """Rates of 1, and hooks that see each batch."""
        # whether gradients held more than the data's, along directions that nothing else is likely to be orthogonal to
        self._beyond = self.layers[0].weight.new_zeros((), dtype=torch.bool)
        self._probes = {
            layer: torch.randn(layer.in_features, generator=data.generator(0)).to(layer.weight) for layer in self.layers
        }
        self._hooks = [layer.register_forward_hook(self._watch) for layer in self.layers]
        self._forget()
        self.rates: dict[nn.Linear, list[Tensor]] = {}
        for layer in self.layers:  # one tensor for each parameter, or one number for all of them
            shapes = [()] if self.per_layer else [(self.num_groups, *value.shape) for value in layer.parameters()]
            self.rates[layer] = [layer.weight.new_ones(shape) for shape in shapes]

    def _forget(self) -> None:
        """Nothing has been seen of a batch yet."""
        self._groups: list[tuple[int, Tensor]] = []
        self._samples = 0  # that `observe` was told of
        self._passes: dict[nn.Linear, tuple[Tensor, Tensor]] = {}  # inputs, and gradients of the outputs
        self._repeated = False  # whether a layer was passed backwards twice, as where it is shared

    @property
    def rated(self) -> bool:
        """Whether the next step still uses the rates."""
        return self.steps < self.cutoff

    def observe(self, groups: Int[Tensor, " batch"]) -> None:
        """Take the group of each sample of the coming batch; `ValueError` for one outside 0..num_groups-1."""
        if self.rated:
            checks.labels(groups, count=self.num_groups, name="groups")
            self._forget()
            counts = groups.bincount(minlength=self.num_groups).tolist()  # read by the host once a batch
            members = enumerate(groups.argsort(stable=True).split(counts))
            self._groups, self._samples = [(group, rows) for group, rows in members if len(rows)], len(groups)

    def _watch(self, layer: nn.Linear, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Keep a layer's inputs, and its output's gradient once the backward pass gets there."""
        if self.rated and output.requires_grad:
            output.register_hook(functools.partial(self._keep, layer, inputs[0].detach()))

    def _keep(self, layer: nn.Linear, inputs: Tensor, gradient: Tensor) -> None:
        self._repeated |= layer in self._passes
        self._passes[layer] = inputs, gradient

    @torch.no_grad()
    def step(self) -> None:
        """One step; before the cutoff the gradients of the rated layers become `sum_j mu^j o G_j` first."""
        if self.rated:
            self._rate_gradients()
            if checks.may_read(self._beyond):
                self._refuse_beyond()
        super().step()
        self.steps += 1
        if self.steps == self.cutoff:
            self._note_largest()
            self._release()
        elif self.rated and self.reset_every is not None and self.steps % self.reset_every == 0:
            self.reset()

    def _rate_gradients(self) -> None:
        lacking = [layer for layer in self.layers if layer not in self._passes]
        if lacking or not self._groups:
            raise RuntimeError(f"no groups or gradients of {lacking}: call observe, forward and backward before step")
        if self._repeated:
            raise RuntimeError("a rated layer was used twice: shared layers and added-up gradients are not supported")
        for layer in self.layers:
            inputs, output_gradients = self._passes.pop(layer)
            if inputs.dim() != 2 or len(inputs) != self._samples:
                raise ValueError(
                    f"a rated layer takes one row for each of {self._samples} groups, "
                    f"got inputs of shape {tuple(inputs.shape)}"
                )
            self._beyond |= beyond_data(layer, inputs, output_gradients, self._probes[layer])
            update = self._one_rate if self.per_layer else self._rates_by_group
            update(layer, inputs, output_gradients)

    def _refuse_beyond(self) -> None:
        if self._beyond:
            raise RuntimeError(
                "the gradients of a rated layer hold more than the batch's own: a penalty on its weights, clipping and "
                "gradients of several backward passes are not supported"
            )

    def _rates_by_group(self, layer: nn.Linear, inputs: Tensor, output_gradients: Tensor) -> None:
        """Grow the rates of a layer group by group, and replace its gradients; no more than one `G_j` is held.

        Mu first, then its share of the gradient; the mean loss has already divided the output gradients by B.
        """
        batch, speed = len(inputs), self.rate_lr * self.param_groups[0]["lr"]
        of_weight_and_bias = (inputs, inputs.new_ones(batch, 1))
        for parameter, rates, sources in zip(layer.parameters(), self.rates[layer], of_weight_and_bias, strict=False):
            whole = parameter.grad.clone().view(len(parameter), -1) if self.form == "batch" else None
            rated = parameter.grad.zero_().view(len(parameter), -1)
            for group, rows in self._groups:
                mu, gradients, group_inputs = rates[group].view_as(rated), output_gradients[rows], sources[rows]
                mean = gradients.T @ group_inputs
                if self.form == "sample":
                    mu.addmm_(gradients.square().T, group_inputs.square(), alpha=speed * batch)
                else:
                    mu.addcmul_(mean, mean if whole is None else whole, value=speed)
                rated.addcmul_(mu, mean)

    def _one_rate(self, layer: nn.Linear, inputs: Tensor, output_gradients: Tensor) -> None:
        """One rate for a layer: `|d_i|^2 (|a_i|^2 + 1)` is the sum of sample i's squares over weights and biases."""
        parameters = list(layer.parameters())
        norms = inputs.square().sum(1) + (len(parameters) - 1)
        drive = len(inputs) * (output_gradients.square().sum(1) @ norms)
        size = sum(parameter.numel() for parameter in parameters)
        (rate,) = self.rates[layer]
        rate.add_(drive, alpha=self.rate_lr * self.param_groups[0]["lr"] / size)
        for parameter in parameters:
            parameter.grad.mul_(rate)

    def reset(self) -> None:
        """Set every rate back to 1; nothing is left to do past the cutoff."""
        if not self.rates:
            return
        self._note_largest()
        for rate in self._all_rates():
            rate.fill_(1)

    def _all_rates(self) -> list[Tensor]:
        return [rate for rates in self.rates.values() for rate in rates]

    def _note_largest(self) -> None:
        self._refuse_beyond()
        found = max(float(rate.max()) for rate in self._all_rates())
        self.largest_rate = found if math.isnan(found) else max(self.largest_rate, found)

    def _release(self) -> None:
        """Past the cutoff nothing is watched, and the rates' memory is given back."""
        for hook in self._hooks:
            hook.remove()
        self.rates, self._hooks, self._groups = {}, [], []

    def state_dict(self) -> dict[str, Any]:
        """SGD's state, with the step, the rates in the order of the layers, and the largest rate so far."""
        rates = [[rate.clone() for rate in rates] for rates in self.rates.values()]
        return super().state_dict() | {"steps": self.steps, "rates": rates, "largest_rate": self.largest_rate}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken; `ValueError` where the rates are of another network or setting."""
        own = dict(state_dict)
        steps, rates, largest = own.pop("steps"), own.pop("rates"), own.pop("largest_rate")
        shapes = [[rate.shape for rate in row] for row in self.rates.values()]
        if rates and [[rate.shape for rate in row] for row in rates] != shapes:
            raise ValueError(f"the rates of the state fit other layers than the {len(shapes)} rated here")
        super().load_state_dict(own)
        self.steps, self.largest_rate = steps, largest
        if not self.rated:
            self._release()
            return
        for kept, loaded in zip(self._all_rates(), (rate for row in rates for rate in row), strict=True):
            kept.copy_(loaded)


def beyond_data(
    layer: nn.Linear,
    inputs: Float[Tensor, "batch fan_in"],
    output_gradients: Float[Tensor, "batch fan_out"],
    probe: Float[Tensor, " fan_in"],
) -> Bool[Tensor, ""]:
    """Whether the layer's gradients are more than `sum_i d_i a_i^T`, beyond rounding; not where numbers are not finite.

    Compared along a direction v, as `grad v = D^T (A v)`: two small products instead of the whole sum once more.
    """
    coarse = max(torch.finfo(values.dtype).eps for values in (inputs, output_gradients, probe))
    if probe.is_cuda and torch.get_float32_matmul_precision() != "highest":
        coarse = max(coarse, 2**-10)  # TF32
    inputs, output_gradients = inputs.to(probe), output_gradients.to(probe)
    sizes = output_gradients.abs()
    along = (inputs @ probe, inputs.abs() @ probe.abs())
    pairs = [(layer.weight.grad @ probe, output_gradients.T @ along[0], sizes.T @ along[1])]
    if layer.bias is not None:
        pairs.append((layer.bias.grad, output_gradients.sum(0), sizes.sum(0)))
    least = torch.finfo(probe.dtype).tiny
    return torch.stack([((held - own).abs() > 64 * coarse * size + least).any() for held, own, size in pairs]).any()
