"""Tests for paired seeds and the verdicts drawn from them; SciPy and statsmodels do the arithmetic."""

from ..lazily import attach

__all__ = attach(
    __name__,
    intervals="EquivalenceTest equivalence equivalence_power Estimate bootstrap_interval",
    paired="PairedTest holm mcnemar paired_wilcoxon",
    tidy="difference difference_words mean_sd paired",
    verdicts="Pairs Planned VERDICTS Verdict beyond combine decide_all effect_words not_run of_protocol sign "
    "untestable within",
)
