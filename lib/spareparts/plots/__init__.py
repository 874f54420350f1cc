"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .data_sets import (
    accuracy_differences,
    critical_differences,
    rates_over_training,
    remainders,
    specialized_shares,
)
from .factors import condition_curves, live_by_level, sensitivity, weight_sweep
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
from .units import clustering, main_spaces, norms_and_turns, resampled

__all__ = [
    "accuracy_differences",
    "arm_boxes",
    "clustering",
    "condition_curves",
    "critical_differences",
    "distance_and_gap",
    "elbows",
    "expert_loads",
    "expert_similarities",
    "feature_maps",
    "filter_angles",
    "gate_curves",
    "live_by_level",
    "main_spaces",
    "noise_and_signal",
    "norms_and_turns",
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
    "xord_errors",
]
