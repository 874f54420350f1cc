"""Matrices that a classifier can be fixed to: random orthonormal ones, tight frames, and two kinds of Hadamard's."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import init


def orthonormal(classes: int, features: int, *, generator: torch.Generator) -> Float[Tensor, "classes features"]:
    """A random matrix with orthonormal rows, or orthonormal columns where there are more classes than features.

    Its distribution is Haar's: no direction is preferred.
    """
    return init.orthogonal_(torch.empty(classes, features, device=generator.device), generator=generator)


def tight_frame(classes: int, features: int, *, generator: torch.Generator) -> Float[Tensor, "classes features"]:
    """Rows of length 1 with `Q^T Q = (C / N) I`, turned at random; orthonormal rows for C <= N.

    Row i holds `sqrt(2/N) (cos(2 pi k i / C), sin(2 pi k i / C))` for N/2 different frequencies k between 0 and C/2,
    drawn at random but for k = 1, which keeps rows apart; an odd N adds the constant `sqrt(1/N)`.
    """
    if classes <= features:
        return orthonormal(classes, features, generator=generator)
    device = generator.device
    others = torch.randperm(max(0, (classes - 1) // 2 - 1), generator=generator, device=device)
    frequencies = torch.cat([torch.ones(1, dtype=torch.int64, device=device), 2 + others])[: features // 2]
    angles = 2 * math.pi / classes * (torch.outer(torch.arange(classes, device=device), frequencies) % classes)
    columns = [math.sqrt(2) * angles.cos(), math.sqrt(2) * angles.sin()]
    columns += [torch.ones(classes, 1, device=device)] * (features % 2)
    return torch.cat(columns, 1) / math.sqrt(features) @ orthonormal(features, features, generator=generator)


def sylvester(rows: Int[Tensor, " classes"], columns: Int[Tensor, " features"]) -> Int[Tensor, "classes features"]:
    """These rows and columns of Sylvester's Hadamard matrix, `(-1)^popcount(i & j)`."""
    common = rows[:, None] & columns
    for shift in (16, 8, 4, 2, 1):
        common = common ^ (common >> shift)
    return 1 - 2 * (common & 1)


def sylvester_order(least: int) -> int:
    """Smallest order of Sylvester's matrices, a power of two, that is at least so large."""
    return 1 << (least - 1).bit_length()


def paley(order: int) -> Int[Tensor, "order order"]:
    """A Hadamard matrix whose first row is ones, by Paley's constructions and Sylvester's doubling.

    From the quadratic residues of a prime q: order q + 1 for q = 3 mod 4, and 2 (q + 1) for q = 1 mod 4. Raises
    `ValueError` for an order that cannot be had so; `paley_order` gives those that can.
    """
    if order in (1, 2):
        return torch.tensor([[1, 1], [1, -1]])[:order, :order]
    if order % 4 == 0 and _is_prime(order - 1):
        found = torch.eye(order, dtype=torch.int64) + _bordered(order - 1, sign=-1)
    elif order % 4 == 0 and _is_prime(order // 2 - 1) and order // 2 % 4 == 2:
        first, second = torch.tensor([[1, 1], [1, -1]]), torch.tensor([[1, -1], [-1, -1]])
        found = torch.kron(_bordered(order // 2 - 1, sign=1), first)
        found += torch.kron(torch.eye(order // 2, dtype=torch.int64), second)
    elif order % 8 == 0:
        found = torch.kron(torch.tensor([[1, 1], [1, -1]]), paley(order // 2))
    else:
        raise ValueError(f"order must be one of Paley's (1, 2, 4, 8, 12, ...), got {order}")
    return found * found[0]


def paley_order(least: int) -> int:
    """Smallest order of `paley` that is at least so large."""
    if least <= 2:
        return max(1, least)
    order = least + -least % 4
    while not _has_paley(order):
        order += 4
    return order


def _has_paley(order: int) -> bool:
    """Whether a multiple of 4 is an order of `paley`."""
    half = order // 2
    return _is_prime(order - 1) or (half % 4 == 2 and _is_prime(half - 1)) or (half % 4 == 0 and _has_paley(half))


def _bordered(prime: int, *, sign: int) -> Int[Tensor, "size size"]:
    """The matrix of whether differences are squares modulo a prime (1, -1, or 0), with ones above and `sign` beside."""
    places = torch.arange(prime)
    character = -torch.ones(prime, dtype=torch.int64)
    character[places * places % prime] = 1
    character[0] = 0
    whole = torch.zeros(prime + 1, prime + 1, dtype=torch.int64)
    whole[1:, 1:] = character[(places[:, None] - places) % prime]
    whole[0, 1:], whole[1:, 0] = 1, sign
    return whole


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))
