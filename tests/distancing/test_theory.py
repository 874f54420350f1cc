"""Where push and weight decay cancel, and what the draft's printed gradient is the gradient of."""

import math

import pytest
import torch

from spareparts.data import generator
from spareparts.distancing import Kernel, checkpoint_penalty, theory

DECAY = 1e-3


@pytest.mark.parametrize(("strength", "width"), [(1.0, 1000.0), (10.0, 1000.0), (1.0, 100.0), (0.1, 1000.0)])
def test_at_the_mirror_image_push_and_weight_decay_cancel(strength, width):
    checkpoint = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)  # of length 13
    distance = theory.mirror(13.0, Kernel(strength, width), weight_decay=DECAY)
    times = distance**0.5 / 13
    theta = ((1 - times) * checkpoint).requires_grad_()
    checkpoint_penalty([theta], [[checkpoint]], strength=strength, width=width).backward()
    assert times > 1 and theta.grad is not None
    assert torch.allclose(theta.grad + DECAY * theta.detach(), torch.zeros(3, dtype=torch.float64), atol=1e-9)


def test_at_the_shell_they_cancel_for_what_has_moved_and_without_weight_decay_nothing_stops():
    moved = torch.zeros(4, dtype=torch.float64)
    moved[0] = theory.shell(Kernel(), weight_decay=DECAY) ** 0.5
    theta = moved.clone().requires_grad_()
    checkpoint_penalty([theta], [[torch.zeros_like(moved)]]).backward()
    assert torch.allclose(theta.grad, -DECAY * moved, atol=1e-12)
    assert theory.shell(Kernel(), weight_decay=DECAY) == pytest.approx(1000 * math.log(2))
    assert theory.shell(Kernel(halved_exponent=True), weight_decay=DECAY) == 0  # as strong as weight decay at most
    assert theory.shell(Kernel(strength=0.1), weight_decay=DECAY) == 0
    assert theory.mirror(13.0, Kernel(), weight_decay=0) == theory.shell(Kernel(), weight_decay=0) == math.inf
    assert theory.mirror(13.0, Kernel(strength=0.0)) == 169


def test_descent_on_a_flat_loss_passes_the_shell_and_comes_to_rest_at_the_mirror_image():
    checkpoint = torch.full((16,), 13 / 4, dtype=torch.float64)
    theta = checkpoint + 1e-3 * torch.randn(16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for _ in range(8_000):
        theta.requires_grad_()
        (push,) = torch.autograd.grad(checkpoint_penalty([theta], [[checkpoint]]), theta)
        theta = (theta - 5.0 * (push + DECAY * theta)).detach()
    cosine = torch.nn.functional.cosine_similarity(theta, checkpoint, dim=0)
    assert float(cosine) == pytest.approx(-1)
    assert float((theta - checkpoint).square().sum()) == pytest.approx(theory.mirror(13.0, Kernel()), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"length": 0.0}, "length must be positive, got 0.0"),
        ({"length": float("nan")}, "length must be positive, got nan"),
        ({"length": 1.0, "weight_decay": -0.1}, "weight_decay must be at least 0, got -0.1"),
        ({"length": 1.0, "kernel": Kernel(width=0.0)}, "width must be positive, got 0.0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        theory.mirror(**({"kernel": Kernel()} | arguments))


def gradient(function, parameters: torch.Tensor) -> torch.Tensor:
    own = parameters.clone().requires_grad_()
    return torch.autograd.grad(function(own), own)[0]


def test_the_kernels_gradient_is_not_the_printed_one_which_belongs_to_a_sum_over_coordinates():
    parameters, checkpoint = (torch.randn(6, generator=generator(seed), dtype=torch.float64) for seed in (1, 2))
    kernel = gradient(lambda own: torch.exp(-(own - checkpoint).square().sum() / 6), parameters)
    summed = gradient(lambda own: torch.exp(-(own - checkpoint).square() / 6).sum(), parameters)
    torch.testing.assert_close(theory.kernel_gradient(parameters, checkpoint, width=3.0), kernel)
    torch.testing.assert_close(theory.printed_gradient(parameters, checkpoint, width=3.0), summed)
    assert not torch.allclose(kernel, summed)
    one = (parameters[:1], checkpoint[:1])
    assert torch.equal(theory.kernel_gradient(*one, width=3.0), theory.printed_gradient(*one, width=3.0))
