"""Teacher and student (Goldt et al.): does a network wider than its teacher average several models of it?

Both have one layer of erf units on Gaussian inputs; the student sees every input once (online SGD). The error over all
inputs has a closed form in the overlaps of their weights.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .. import data
from ..records.store import Diverged, Found
from .config import Config

FEATURES = 50  # N
TEACHER_UNITS = 2  # M
STUDENT_UNITS = 2
REPLICAS = 20  # teachers and students of one run, trained side by side
ITERATIONS = 100_000
LEARNING_RATE = 0.5
CHUNK = 500  # inputs drawn at once
READINGS = 24  # of whether the error is finite, evenly in the logarithm of the step


@dataclasses.dataclass(kw_only=True)
class Committee:
    """Networks `phi(x) = sum_k v_k erf(<w_k, x> / sqrt(2 N))`, one a replica."""

    weights: Float[Tensor, "replicas units features"]
    outputs: Float[Tensor, "replicas units"]

    def local_fields(self, inputs: Float[Tensor, "replicas features"]) -> Float[Tensor, "replicas units"]:
        """`<w_k, x> / sqrt(N)`, of order 1."""
        return torch.bmm(self.weights, inputs[:, :, None])[:, :, 0] / math.sqrt(inputs.shape[1])

    def __call__(self, inputs: Float[Tensor, "replicas features"]) -> Float[Tensor, " replicas"]:
        """Each replica's output for an input of its own."""
        return (self.outputs * torch.erf(self.local_fields(inputs) / math.sqrt(2))).sum(1)


def committee(*, units: int, replicas: int, features: int, generator: torch.Generator) -> Committee:
    """Gaussian first layers of deviation 1, and outputs of 1."""
    weights = torch.randn(replicas, units, features, generator=generator, dtype=torch.float64)
    return Committee(weights=weights, outputs=torch.ones(replicas, units, dtype=torch.float64))


def overlaps(
    one: Float[Tensor, "replicas units features"], other: Float[Tensor, "replicas others features"]
) -> Float[Tensor, "replicas units others"]:
    """`<w_i, w_j> / N`: correlations of the local fields."""
    return one @ other.transpose(1, 2) / one.shape[2]


def generalization_error(student: Committee, teacher: Committee) -> Float[Tensor, " replicas"]:
    """Half the mean squared difference of both networks over all inputs.

    `e = 1/2 sum_ij c_i c_j 2/pi arcsin(Q_ij / sqrt((1 + Q_ii)(1 + Q_jj)))`, the sum over the units of both, with
    overlaps Q, the student's outputs and minus the teacher's for c (Saad and Solla, Eq. 5; Goldt et al., Eq. 11).
    """
    weights = torch.cat([student.weights, teacher.weights], 1)
    signed = torch.cat([student.outputs, -teacher.outputs], 1)
    products = overlaps(weights, weights)
    scale = (1 + products.diagonal(dim1=1, dim2=2)).sqrt()
    means = (2 / math.pi) * torch.arcsin(products / (scale[:, :, None] * scale[:, None, :]))
    return 0.5 * torch.einsum("ri,rij,rj->r", signed, means, signed).clamp(min=0)


def step(
    student: Committee,
    inputs: Float[Tensor, "replicas features"],
    targets: Float[Tensor, " replicas"],
    *,
    learning_rate: float,
    both: bool,
) -> None:
    """One step of online SGD on half the squared error, in place; outputs learn 1 / N as fast, as Goldt et al. have it.

    `w_k -= lr / sqrt(N) v_k delta g'(lambda_k) x` and, with `both` layers, `v_k -= lr / N delta g(lambda_k)`.
    """
    features = inputs.shape[1]
    fields = student.local_fields(inputs)
    values = torch.erf(fields / math.sqrt(2))  # g
    delta = (student.outputs * values).sum(1) - targets
    slopes = math.sqrt(2 / math.pi) * torch.exp(-0.5 * fields.square())
    moves = delta[:, None] * student.outputs * slopes
    student.weights.baddbmm_(moves[:, :, None], inputs[:, None, :], alpha=-learning_rate / math.sqrt(features))
    if both:
        student.outputs.sub_(learning_rate / features * delta[:, None] * values)


def teacher_student(config: Config, *, progress: bool = True) -> Found:
    """Train `REPLICAS` students of `units` units, their first layer or both: errors, outputs and overlaps of each.

    Teachers, inputs and noise depend on the seed alone, so that students of every width learn from the same. Raises
    `Diverged`.
    """
    stream, steps = data.generator(config.seed), config.iterations or ITERATIONS
    units, both = config.units or STUDENT_UNITS, config.layers == "both"
    teacher = committee(units=TEACHER_UNITS, replicas=REPLICAS, features=FEATURES, generator=stream)
    own = data.generator(config.seed + 1_000 * units)
    student = committee(units=units, replicas=REPLICAS, features=FEATURES, generator=own)
    if both:
        student.outputs = torch.randn(REPLICAS, units, generator=own, dtype=torch.float64)
    readings = {1, *np.geomspace(1, steps, READINGS).astype(int).tolist(), steps}
    rate = config.learning_rate or LEARNING_RATE
    for number, (inputs, noise) in enumerate(examples(steps, generator=stream), 1):
        step(student, inputs, teacher(inputs) + config.noise * noise, learning_rate=rate, both=both)
        if number in readings and not generalization_error(student, teacher).isfinite().all():
            raise Diverged(number)
    arrays = {
        "error": generalization_error(student, teacher),
        "outputs": student.outputs,
        "teacher_overlaps": overlaps(student.weights, teacher.weights),
    }
    metrics = {"replicas": REPLICAS, "error": float(arrays["error"].mean())}
    return metrics, {name: values.numpy().astype(np.float32) for name, values in arrays.items()}


def examples(steps: int, *, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """One standard Gaussian input and one draw of noise a step for every replica."""
    for start in range(0, steps, CHUNK):
        count = min(CHUNK, steps - start)
        inputs = torch.randn(count, REPLICAS, FEATURES, generator=generator, dtype=torch.float64)
        noise = torch.randn(count, REPLICAS, generator=generator, dtype=torch.float64)
        yield from zip(inputs, noise, strict=True)
