"""Tests for paired seeds and the verdicts drawn from them; SciPy and statsmodels do the arithmetic."""

from .blocks import block_correlation
from .correctness import McNemarTest, mcnemar
from .decisions import Pairs, Planned, beyond, decide_all, sign, too_few, trend, within
from .equivalence import EquivalenceTest, equivalence, equivalence_power
from .estimates import Correlation, Estimate, bootstrap_interval, spearman
from .paired import PairedTest, holm, paired_wilcoxon
from .ranking import Ranking, ranking
from .tidy import mean_sd, paired
from .verdicts import (
    PROTOCOLS,
    VERDICTS,
    Verdict,
    combine,
    decide_equivalence,
    decide_sign,
    effect_words,
    not_run,
    of_protocol,
    untestable,
)
from .words import (
    BLANK,
    difference,
    difference_words,
    spread,
    with_deviation,
)

__all__ = [
    "BLANK",
    "PROTOCOLS",
    "VERDICTS",
    "Correlation",
    "EquivalenceTest",
    "Estimate",
    "McNemarTest",
    "PairedTest",
    "Pairs",
    "Planned",
    "Ranking",
    "Verdict",
    "beyond",
    "block_correlation",
    "bootstrap_interval",
    "combine",
    "decide_all",
    "decide_equivalence",
    "decide_sign",
    "difference",
    "difference_words",
    "effect_words",
    "equivalence",
    "equivalence_power",
    "holm",
    "mcnemar",
    "mean_sd",
    "not_run",
    "of_protocol",
    "paired",
    "paired_wilcoxon",
    "ranking",
    "sign",
    "spearman",
    "spread",
    "too_few",
    "trend",
    "untestable",
    "with_deviation",
    "within",
]
