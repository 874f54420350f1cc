"""What the records say about the paper's fourteen claims."""

import pandas as pd

from ..stats import Verdict
from .accuracy_verdicts import (
    accuracy_is_equal,
    correlated_classes_cost_more,
    cosine_is_worse,
    more_classes_than_features,
    price_grows_with_classes,
    scales_of_1_and_10_suffice,
    training_error_is_higher,
)
from .cost_verdicts import densenet_is_equal, large_networks_save, random_vectors_are_poor
from .head_verdicts import hadamard_is_cheap
from .training_verdicts import convergence_is_faster, normalised_features_do_not_grow, size_grows_like_a_logarithm

CLAIMS = (  # in the order of their numbers
    accuracy_is_equal,
    training_error_is_higher,
    size_grows_like_a_logarithm,
    scales_of_1_and_10_suffice,
    densenet_is_equal,
    large_networks_save,
    hadamard_is_cheap,
    cosine_is_worse,
    more_classes_than_features,
    correlated_classes_cost_more,
    random_vectors_are_poor,
    price_grows_with_classes,
    convergence_is_faster,
    normalised_features_do_not_grow,
)


def verdicts(rows: pd.DataFrame) -> dict[str, Verdict]:
    """One verdict for every claim of the paper."""
    return {f"fixed_classifiers-{number}": decide(rows) for number, decide in enumerate(CLAIMS, 1)}
