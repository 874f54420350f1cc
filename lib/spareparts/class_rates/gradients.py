"""Gradients and squared gradients of a linear layer for each class of a batch, by matrix products."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import checks
from .config import FORMS


def class_gradients(
    inputs: Float[Tensor, "batch fan_in"],
    output_gradients: Float[Tensor, "batch fan_out"],
    labels: Int[Tensor, " batch"],
    *,
    num_classes: int,
    form: str = "sample",
) -> tuple[Float[Tensor, "classes fan_out fan_in"], Float[Tensor, "classes fan_out fan_in"]]:
    """Gradient `G_j` and drive `S_j` of every class, for a layer's inputs `a_i` and output gradients `d_i`.

    `G_j = 1/B sum_{i: y_i = j} d_i a_i^T`, with `d_i` the gradient of sample i's own loss, not divided by B; a bias is
    an input that is constantly 1. The drive is `S_j = 1/B sum_{i: y_i = j} d_i^2 (a_i^2)^T` by `sample` (Eq. 6),
    `G_j o G_j` by `class`, and `G_j o sum_k G_k` by `batch`, which can be negative. No gradient of a sample is stored.
    Raises `ValueError` for labels outside 0..num_classes-1, another form, and sizes that do not match.
    """
    check_form(form)
    checks.equally_many(inputs=inputs, output_gradients=output_gradients, labels=labels)
    checks.labels(labels, count=num_classes)
    shape = (num_classes, output_gradients.shape[1], inputs.shape[1])
    gradients, drives = inputs.new_zeros(shape), inputs.new_zeros(shape)
    for group, rows in members(labels, num_groups=num_classes):
        layer_inputs, layer_gradients = inputs[rows], output_gradients[rows]
        torch.mm(layer_gradients.T, layer_inputs, out=gradients[group])
        if form == "sample":
            torch.mm(layer_gradients.square().T, layer_inputs.square(), out=drives[group])
    gradients /= len(labels)
    if form == "sample":
        return gradients, drives.div_(len(labels))
    return gradients, gradients * (gradients if form == "class" else gradients.sum(0))


def members(labels: Int[Tensor, " batch"], *, num_groups: int) -> Iterator[tuple[int, Int[Tensor, " members"]]]:
    """Each group that occurs, with the rows of its samples; the counts are read by the host once a call."""
    order = labels.argsort(stable=True)
    counts = labels.bincount(minlength=num_groups).tolist()
    for group, rows in enumerate(order.split(counts)):
        if counts[group]:
            yield group, rows


def check_form(form: str) -> None:
    """Raise `ValueError` for an unknown form of the drive."""
    checks.one_of(FORMS, form=form)
