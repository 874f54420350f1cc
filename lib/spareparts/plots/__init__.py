"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .data_sets import (
    accuracy_differences,
    critical_differences,
    rates_over_training,
    remainders,
    specialized_shares,
)
from .mixtures import expert_loads, feature_maps, gate_curves, paired_metric, similarity_levels

__all__ = [
    "accuracy_differences",
    "critical_differences",
    "expert_loads",
    "feature_maps",
    "gate_curves",
    "paired_metric",
    "rates_over_training",
    "remainders",
    "similarity_levels",
    "specialized_shares",
]
