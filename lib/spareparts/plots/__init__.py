"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .classifiers import (
    class_prices,
    error_curves,
    feature_accuracies,
    feature_growth,
    size_growth,
    word_perplexities,
)
from .head_costs import cost_and_accuracy, head_times, parameter_shares
from .interactive import unit_graph
from .pruning import pruning_areas, pruning_curves, retrained
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
    "alignments",
    "class_prices",
    "clustering",
    "cost_and_accuracy",
    "distance_and_gap",
    "elbows",
    "error_curves",
    "feature_accuracies",
    "feature_growth",
    "filter_angles",
    "head_times",
    "main_spaces",
    "noise_and_signal",
    "norms_and_turns",
    "parameter_shares",
    "principal_angles",
    "pruning_areas",
    "pruning_curves",
    "rank_accuracies",
    "resampled",
    "retrained",
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
