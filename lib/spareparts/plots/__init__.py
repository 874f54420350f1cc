"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .classifiers import (
    class_prices,
    error_curves,
    feature_accuracies,
    feature_growth,
    size_growth,
    word_perplexities,
)
from .ensembles import (
    agreement_shares,
    calibrations,
    combination_accuracies,
    distance_and_gain,
    ensemble_sizes,
    predicted_errors,
)
from .head_costs import cost_and_accuracy, head_times, parameter_shares
from .interactive import unit_graph
from .journeys import demonstrated_journeys, directions, distance_grids, journey_curves
from .pairs import barriers, disagreements, loss_rises, pair_distances
from .paths import path_planes
from .penalties import checkpoint_costs, forces_by_dimension, hill, kernels, printed_losses, printed_steps, reach
from .pushes import pushed_and_not, resting_places, setting_grid

__all__ = [
    "agreement_shares",
    "barriers",
    "calibrations",
    "checkpoint_costs",
    "class_prices",
    "combination_accuracies",
    "cost_and_accuracy",
    "demonstrated_journeys",
    "directions",
    "disagreements",
    "distance_and_gain",
    "distance_grids",
    "ensemble_sizes",
    "error_curves",
    "feature_accuracies",
    "feature_growth",
    "forces_by_dimension",
    "head_times",
    "hill",
    "journey_curves",
    "kernels",
    "loss_rises",
    "pair_distances",
    "parameter_shares",
    "path_planes",
    "predicted_errors",
    "printed_losses",
    "printed_steps",
    "pushed_and_not",
    "reach",
    "resting_places",
    "setting_grid",
    "size_growth",
    "unit_graph",
    "word_perplexities",
]
