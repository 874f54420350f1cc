"""The demonstration on the digits is what a run of the same config finds."""

import numpy as np
import pytest

from spareparts import fixed_classifiers
from spareparts.fixed_classifiers import demonstration


def test_the_demonstration_follows_the_run_of_the_same_config_step_by_step():
    first, second = demonstration.follow_each(["learned", "hadamard"], epochs=2, train_samples=300, scale=2.0)
    assert first.config.scale is None and second.config.scale == 2.0
    for followed in (first, second):
        ((_, result),) = fixed_classifiers.run([followed.config], progress=False, workers=1)
        assert followed.accuracy == pytest.approx(result.metrics["accuracy"], rel=1e-4)
        assert followed.head_parameters == result.metrics["head_parameters"]
        np.testing.assert_allclose(followed.errors[:, 1], result.arrays["test_error"], rtol=1e-5)
        assert followed.epochs[-1] == 2 and len(followed.norms) == 3
    assert set(second.sizes) == {2.0}
    table = demonstration.compared([first, second])
    assert list(table.index) == ["learned", "hadamard"]
    assert table["trained parameters of the head"].tolist() == ["650", "10"]


def test_a_demonstration_that_diverges_says_so():
    (found,) = demonstration.follow_each(["learned"], epochs=1, train_samples=200, learning_rate=1e30)
    assert found.outcome == "diverged" and np.isnan(found.accuracy)
    assert demonstration.compared([found]).outcome.tolist() == ["diverged"]
