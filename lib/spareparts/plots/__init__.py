"""Figures: functions from tables and arrays to a matplotlib Figure. They never train, never read a file, never show."""

from .mixtures import expert_loads, feature_maps, gate_curves, paired_metric, similarity_levels

__all__ = ["expert_loads", "feature_maps", "gate_curves", "paired_metric", "similarity_levels"]
