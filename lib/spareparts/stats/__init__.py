"""Tests for paired seeds and the verdicts drawn from them; SciPy and statsmodels do the arithmetic."""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "equivalence": ["EquivalenceTest", "equivalence", "equivalence_power"],
        "estimates": ["Correlation", "Estimate", "block_correlation", "bootstrap_interval", "spearman"],
        "paired": ["McNemarTest", "PairedTest", "holm", "mcnemar", "paired_wilcoxon"],
        "ranking": ["Ranking", "ranking"],
        "tidy": ["BLANK", "difference", "difference_words", "mean_sd", "paired", "spread", "with_deviation"],
        "verdicts": [
            "PROTOCOLS",
            "Pairs",
            "Planned",
            "VERDICTS",
            "Verdict",
            "beyond",
            "combine",
            "decide_all",
            "decide_equivalence",
            "decide_sign",
            "effect_words",
            "not_run",
            "of_protocol",
            "sign",
            "too_few",
            "trend",
            "untestable",
            "within",
        ],
    },
)
