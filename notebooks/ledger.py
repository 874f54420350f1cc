# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The ledger
#
# Every claim of the five papers, and what our records say about it. No verdict is typed: each is computed, on every
# build of this book, from the records of runs that anyone can repeat. [](../methods.md) says how.
#
# - ✓ **reproduced**: the records show what the claim says, by the rule written down beside it beforehand.
# - ✗ **not reproduced**: the records show otherwise.
# - ◐ **undecided**: it has been run and the evidence does not decide, mostly because of too few seeds. The note says
#   how small a p value their number allows.
# - ○ **not run**: no record speaks to it yet.

# %% tags=["parameters"]
PAPERS = ["experts", "distancing", "fixed_classifiers", "class_rates", "redundancy"]  # those whose chapter exists

# %% tags=["hide-input"]
from importlib import import_module

from myst_nb import glue

from spareparts import claims, records, stats

verdicts = {}
for word in PAPERS:
    verdicts |= import_module(f"spareparts.{word}").verdicts(records.frame(word))
ledger = claims.ledger(verdicts)

# %% [markdown]
# ## The count

# %% tags=["hide-input"]
glue("count", stats.verdict_counts(ledger), display=False)
claims.counts(ledger)

# %% [markdown]
# ## Claim by claim
#
# *Reduced* marks a verdict that rests on runs shorter than the paper's.

# %% tags=["hide-input"]
claims.show(ledger)
