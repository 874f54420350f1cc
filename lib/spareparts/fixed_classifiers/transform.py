"""The Walsh-Hadamard transform of a last axis in O(N log N)."""

import functools

import torch
from jaxtyping import Float
from torch import Tensor

# The matrix is a Kronecker product of small ones. A pass over the data for every factor of 16 or 32 is fastest: factors
# of 2, as textbooks have them, move the data more often than they compute, and those of 64 compute too much.
RADIX_BITS = 5
CHUNK = 2**17  # numbers transformed at once on a CPU, so that all passes over them stay in its cache


def fast_hadamard_transform(inputs: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch features"]:
    """The product of the last axis with the Sylvester matrix of its size, `y_i = sum_j (-1)^popcount(i & j) x_j`.

    Not scaled: applied twice it gives N times the input. It is symmetric, so that its gradient is itself. Raises
    `ValueError` for a size that is not a power of two and for numbers that are not floating-point.
    """
    size = inputs.shape[-1] if inputs.ndim else 0
    if size < 1 or size & (size - 1):
        raise ValueError(f"the last axis must be a power of two (1, 2, 4, ...), got {size}")
    if not inputs.is_floating_point():
        raise ValueError(f"inputs must be floating-point numbers, got {inputs.dtype}")
    return inputs if size == 1 else _Transform.apply(inputs)


class _Transform(torch.autograd.Function):
    """The transform for all that differentiates or batches it; nothing is kept for the backward pass."""

    @staticmethod
    def forward(inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):  # the result has the inputs' own precision
            return _chunked(inputs.reshape(-1, inputs.shape[-1])).view(inputs.shape)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        pass

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return fast_hadamard_transform(gradient)

    @staticmethod
    def jvp(ctx, tangent: Tensor) -> Tensor:
        return fast_hadamard_transform(tangent)

    @staticmethod
    def vmap(info, in_dims, inputs: Tensor) -> tuple[Tensor, int]:
        return fast_hadamard_transform(inputs.movedim(in_dims[0], 0)), 0


def _chunked(rows: Tensor) -> Tensor:
    """The transform of each row, on a CPU of few rows at a time."""
    few = max(1, CHUNK // rows.shape[1])
    if rows.is_cuda or len(rows) <= few:
        return _passes(rows)
    found = torch.empty_like(rows, memory_format=torch.contiguous_format)
    for source, target in zip(rows.split(few), found.split(few), strict=True):
        target.copy_(_passes(source))
    return found


def _passes(rows: Tensor) -> Tensor:
    """The transform of each row: one pass for each Kronecker factor, from the fastest index to the slowest."""
    size, inner = rows.shape[1], 1
    for bits in _split(size.bit_length() - 1):
        factor = _factor(bits, rows.dtype, rows.device)
        rows = rows.reshape(-1, 2**bits) @ factor if inner == 1 else factor @ rows.reshape(-1, 2**bits, inner)
        inner *= 2**bits
    return rows.reshape(-1, size)


def _split(bits: int) -> list[int]:
    """The bits of a size in parts of at most `RADIX_BITS`, as equal as can be."""
    passes = -(-bits // RADIX_BITS)
    return [bits // passes + (place < bits % passes) for place in range(passes)]


@functools.lru_cache(maxsize=64)
def _factor(bits: int, dtype: torch.dtype, device: torch.device) -> Float[Tensor, "size size"]:
    """The Sylvester matrix of size 2^bits."""
    two = torch.tensor([[1.0, 1], [1, -1]], dtype=dtype, device=device)
    return functools.reduce(torch.kron, [two] * bits)
