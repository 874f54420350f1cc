"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from . import pruning, subspaces, units
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

__all__ = [
    "accuracy_differences",
    "arm_boxes",
    "condition_curves",
    "critical_differences",
    "expert_loads",
    "expert_similarities",
    "feature_maps",
    "gate_curves",
    "live_by_level",
    "pruning",
    "rates_over_training",
    "remainders",
    "sensitivity",
    "similarity_levels",
    "specialized_shares",
    "subspaces",
    "unit_graph",
    "units",
    "weight_sweep",
]
