"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .classifiers import (
    class_prices,
    error_curves,
    feature_accuracies,
    feature_growth,
    size_growth,
    word_perplexities,
)
from .data_sets import (
    accuracy_differences,
    critical_differences,
    rates_over_training,
    remainders,
    specialized_shares,
)
from .factors import condition_curves, live_by_level, sensitivity, weight_sweep
from .head_costs import cost_and_accuracy, head_times, parameter_shares
from .interactive import unit_graph
from .mixtures import arm_boxes, expert_loads, expert_similarities, feature_maps, gate_curves, similarity_levels
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
    "accuracy_differences",
    "alignments",
    "arm_boxes",
    "class_prices",
    "clustering",
    "condition_curves",
    "cost_and_accuracy",
    "critical_differences",
    "distance_and_gap",
    "elbows",
    "error_curves",
    "expert_loads",
    "expert_similarities",
    "feature_accuracies",
    "feature_growth",
    "feature_maps",
    "filter_angles",
    "gate_curves",
    "head_times",
    "live_by_level",
    "main_spaces",
    "noise_and_signal",
    "norms_and_turns",
    "parameter_shares",
    "principal_angles",
    "pruning_areas",
    "pruning_curves",
    "rank_accuracies",
    "rates_over_training",
    "remainders",
    "resampled",
    "retrained",
    "sensitivity",
    "similarity_levels",
    "size_growth",
    "specialized_shares",
    "spectra",
    "spectral_density",
    "student_errors",
    "student_overlaps",
    "survivors",
    "ticket_accuracies",
    "unit_graph",
    "unit_shares",
    "weight_sweep",
    "word_perplexities",
    "xord_errors",
]
