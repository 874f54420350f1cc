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

__all__ = [
    "class_prices",
    "cost_and_accuracy",
    "error_curves",
    "feature_accuracies",
    "feature_growth",
    "head_times",
    "parameter_shares",
    "size_growth",
    "unit_graph",
    "word_perplexities",
]
