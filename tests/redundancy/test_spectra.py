"""Spectra, noise and subspaces of weights: closed forms, bounds, and SciPy's and NumPy's versions."""

import math

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.redundancy import spectra


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def test_singular_values_are_numpys_and_the_next_one_is_the_spectral_norm_of_what_is_left_out():
    for shape in ((6, 9), (5, 60)):  # the second by its small square
        rows = random(*shape)
        assert spectra.singular_values(rows).numpy() == pytest.approx(np.linalg.svd(rows.numpy(), compute_uv=False))
    rows = random(7, 12)
    values = spectra.singular_values(rows)
    left, _, right = torch.linalg.svd(rows, full_matrices=False)
    for rank in (0, 1, 5, 7):
        kept = left[:, :rank] * values[:rank] @ right[:rank]
        share, left_out = spectra.truncated(values, rank=rank)
        assert left_out == pytest.approx(torch.linalg.matrix_norm(rows - kept, 2).item(), abs=1e-10)
        assert share == pytest.approx(100 * (kept.norm() / rows.norm()).item())


def test_the_elbow_is_the_rank_of_a_signal_in_noise_and_equal_values_have_the_largest_ranks_and_none():
    for directions in (1, 3, 10):
        signal = random(60, directions) @ random(directions, 200, seed=1)
        assert spectra.elbow(spectra.singular_values(3 * signal + 0.1 * random(60, 200, seed=2))) == directions
    assert spectra.stable_rank(torch.ones(5)) == 5
    assert spectra.effective_rank(torch.ones(5)) == pytest.approx(5)
    assert spectra.effective_rank(torch.tensor([2.0, 0, 0])) == pytest.approx(1)
    assert spectra.elbow(torch.tensor([4.0, 3, 2, 1])) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spectra.elbow(torch.tensor([2.0, math.nan, 1.0])), "values must be finite, got nan"),
        (lambda: spectra.fit_noise(torch.tensor([2.0, math.nan]), units=2, fan_in=5), "values must be finite, got nan"),
        (lambda: spectra.fit_noise(torch.ones(3), units=5, fan_in=9), r"min\(units, fan_in\) = 5, at least 2, got 3"),
        (lambda: spectra.law(1.5), "ratio must lie in"),
    ],
)
def test_what_is_no_spectrum_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("ratio", [0.1, 0.38, 1.0])
def test_the_law_has_the_mean_one_and_the_variance_of_its_ratio(ratio):
    grid, below = spectra.law(ratio)
    middles, mass = (grid[1:] + grid[:-1]) / 2, np.diff(below)
    assert (middles * mass).sum() == pytest.approx(1, abs=1e-4)
    assert ((middles - 1) ** 2 * mass).sum() == pytest.approx(ratio, abs=1e-3)


@pytest.mark.parametrize(("units", "fan_in"), [(100, 260), (200, 90)])
def test_a_random_layer_is_all_noise_of_its_own_variance(units, fan_in):
    rows = 0.05 * random(units, fan_in)
    fit = spectra.fit_noise(spectra.singular_values(rows), units=units, fan_in=fan_in)
    assert fit.outliers == 0 and fit.signal == 0
    assert fit.variance == pytest.approx(0.05**2, rel=0.03)


def test_few_random_layers_have_outliers_and_strong_directions_are_counted_with_the_signals_norm():
    drawn = [spectra.singular_values(random(40, 60, seed=seed)) for seed in range(100)]
    assert sum(spectra.fit_noise(values, units=40, fan_in=60).outliers > 0 for values in drawn) <= 4
    signal = 8 * random(120, 5) @ random(5, 300, seed=1) / math.sqrt(300)
    fit = spectra.fit_noise(spectra.singular_values(signal + 0.1 * random(120, 300, seed=2)), units=120, fan_in=300)
    assert fit.outliers == 5
    assert fit.signal == pytest.approx(signal.norm().item(), rel=0.01)
    assert fit.variance == pytest.approx(0.01, rel=0.05)


def test_angles_are_those_between_lines_and_planes_and_of_random_spaces_those_of_their_sizes():
    first, second = torch.eye(4)[:1], torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 5]])
    assert spectra.principal_angles(first, second).tolist() == pytest.approx([45])
    assert spectra.principal_angles(second, 3 * second).tolist() == pytest.approx([0, 0], abs=1e-5)
    # two groups that span everything
    assert spectra.principal_angles(random(9, 4), random(5, 4, seed=1)).tolist() == pytest.approx([0] * 4, abs=1e-5)
    drawn = spectra.random_angles(first=3, second=5, fan_in=40, draws=200, generator=generator(0))
    assert drawn.shape == (200, 3) and (drawn.diff(dim=1) >= 0).all()
    # the mean squared cosine between random spaces of a and b dimensions is max(a, b) / d
    assert drawn.deg2rad().cos().square().mean().item() == pytest.approx(5 / 40, rel=0.05)


def test_units_that_grew_stand_beside_random_spaces_and_layers_of_one_main_space_have_no_angle():
    initial = torch.nn.functional.normalize(random(40, 100))
    rows = 0.9 * initial
    rows[:10] = 5 * random(10, 2, seed=1) @ random(2, 100, seed=2)
    found = spectra.angles_of_trained(rows, initial, generator=generator(0))
    assert found["trained_units"] == 10
    assert found["initial_angle"] == pytest.approx(found["random_angle"], rel=0.05)
    assert spectra.angles_of_trained(initial * 9, initial, generator=generator(0)) == {"trained_units": 40}
    rows = random(20, 3) @ random(3, 50, seed=1)
    assert spectra.main_angle(rows, 2 * rows.flip(0), rank=3) == pytest.approx(0, abs=1e-4)
    drawn = spectra.random_angles(first=3, second=3, fan_in=50, generator=generator(0))
    assert spectra.main_angle(rows, random(20, 50, seed=3), rank=3) == pytest.approx(float(drawn.mean()), rel=0.1)
