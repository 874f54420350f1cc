"""The fast Hadamard transform: SciPy's matrix, its own inverse and gradient, for replicas and under autocast."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch.func import grad, jvp, vmap

from spareparts.data import generator
from spareparts.fixed_classifiers import fast_hadamard_transform, hadamard


def random(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(0), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("size", [1, 2, 4, 8, 32, 64, 1024])
def test_it_is_the_product_with_scipys_matrix(size):
    inputs = random(3, size)
    expected = inputs.numpy() @ scipy.linalg.hadamard(size)
    assert fast_hadamard_transform(inputs).numpy() == pytest.approx(expected, abs=1e-9)


def test_few_rows_at_a_time_give_what_all_at_once_do(monkeypatch):
    inputs = random(70, 64)
    whole = fast_hadamard_transform(inputs)
    monkeypatch.setattr(hadamard, "CHUNK", 5 * 64)
    assert torch.equal(fast_hadamard_transform(inputs), whole)


@pytest.mark.parametrize("shape", [(16,), (5, 16), (2, 3, 16), (0, 16)])
def test_all_axes_but_the_last_are_a_batch(shape):
    inputs = random(*shape)
    expected = inputs @ torch.from_numpy(scipy.linalg.hadamard(16)).double()
    assert fast_hadamard_transform(inputs).shape == shape
    assert torch.allclose(fast_hadamard_transform(inputs), expected)


def test_views_are_transformed_as_their_copies_are():
    inputs = random(16, 16, 3).movedim(2, 0).mT
    assert torch.equal(fast_hadamard_transform(inputs), fast_hadamard_transform(inputs.contiguous()))


def test_twice_is_the_size_times_the_input_and_lengths_grow_by_its_root():
    inputs = random(4, 512)
    once = fast_hadamard_transform(inputs)
    assert torch.allclose(fast_hadamard_transform(once), 512 * inputs)
    assert torch.allclose(once.norm(dim=1), 512**0.5 * inputs.norm(dim=1))


def test_its_gradients_are_right_to_the_second_order_forward_and_batched():
    inputs = random(2, 8).requires_grad_()
    assert torch.autograd.gradcheck(fast_hadamard_transform, inputs, check_forward_ad=True, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(fast_hadamard_transform, inputs)


def test_its_gradient_is_the_transform_of_the_gradient():
    inputs, gradient = random(3, 64).requires_grad_(), random(3, 64) + 1
    fast_hadamard_transform(inputs).backward(gradient)
    assert torch.equal(inputs.grad, fast_hadamard_transform(gradient))
    _, tangent = jvp(fast_hadamard_transform, (inputs.detach(),), (gradient,))
    assert torch.equal(tangent, fast_hadamard_transform(gradient))


def test_replicas_gradients_are_those_of_each():
    inputs = random(4, 3, 16)

    def loss(rows: torch.Tensor) -> torch.Tensor:
        return fast_hadamard_transform(rows).pow(3).sum()

    expected = torch.stack([grad(loss)(rows) for rows in inputs])
    assert torch.allclose(vmap(grad(loss))(inputs), expected)
    assert torch.allclose(vmap(grad(loss), in_dims=1)(inputs.movedim(0, 1)), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_precision_is_the_inputs_own(dtype):
    inputs = random(3, 64, dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16):
        found = fast_hadamard_transform(inputs)
    expected = inputs.double() @ torch.from_numpy(scipy.linalg.hadamard(64)).double()
    assert found.dtype == dtype
    assert (found.double() - expected).abs().max() < 30 * torch.finfo(dtype).eps * expected.abs().max()


@pytest.mark.parametrize(("size", "passes"), [(2, 1), (32, 1), (64, 2), (1024, 2), (4096, 3), (2**15, 3), (2**16, 4)])
def test_the_passes_are_as_many_as_the_size_has_digits_so_that_work_grows_as_n_log_n(size, passes):
    split = hadamard._split(size.bit_length() - 1)
    assert len(split) == passes and sum(split) == np.log2(size) and max(split) - min(split) <= 1


@pytest.mark.parametrize("size", [0, 3, 12, 100])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"must be a power of two .*, got {size}"):
        fast_hadamard_transform(torch.zeros(2, size))


def test_whole_numbers_and_single_ones_are_refused(unchecked):
    with pytest.raises(ValueError, match=r"floating-point numbers, got torch\.int64"):
        fast_hadamard_transform(torch.ones(2, 4, dtype=torch.int64))
    with pytest.raises(ValueError, match="got 0"):
        fast_hadamard_transform(torch.tensor(1.0))
