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
from .pruning import pruning_areas, pruning_curves, retrained
from .pushes import pushed_and_not, resting_places, setting_grid
from .subspaces import elbows, noise_and_signal, principal_angles, rank_accuracies, spectra, spectral_density
from .theories import (
    distance_and_gap,
    filter_angles,
    student_errors,
    student_overlaps,
    survivors,
    ticket_accuracies,
    unit_shares,
    xord_errors,
)
from .units import alignments, clustering, main_spaces, norms_and_turns, resampled

__all__ = [
    "agreement_shares",
    "alignments",
    "barriers",
    "calibrations",
    "checkpoint_costs",
    "class_prices",
    "clustering",
    "combination_accuracies",
    "cost_and_accuracy",
    "demonstrated_journeys",
    "directions",
    "disagreements",
    "distance_and_gain",
    "distance_and_gap",
    "distance_grids",
    "elbows",
    "ensemble_sizes",
    "error_curves",
    "feature_accuracies",
    "feature_growth",
    "filter_angles",
    "forces_by_dimension",
    "head_times",
    "hill",
    "journey_curves",
    "kernels",
    "loss_rises",
    "main_spaces",
    "noise_and_signal",
    "norms_and_turns",
    "pair_distances",
    "parameter_shares",
    "path_planes",
    "predicted_errors",
    "principal_angles",
    "printed_losses",
    "printed_steps",
    "pruning_areas",
    "pruning_curves",
    "pushed_and_not",
    "rank_accuracies",
    "reach",
    "resampled",
    "resting_places",
    "retrained",
    "setting_grid",
    "size_growth",
    "spectra",
    "spectral_density",
    "student_errors",
    "student_overlaps",
    "survivors",
    "ticket_accuracies",
    "unit_graph",
    "unit_shares",
    "word_perplexities",
    "xord_errors",
]
