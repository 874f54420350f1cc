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
# Every claim of the five papers, and what our records say about it. No verdict is typed: each is computed beside its
# evidence in the chapter that the claim links to, on every build of this book, from the records of runs that anyone can
# repeat. [](../methods.md) says how.
#
# - ✓ **reproduced** and ✗ **not reproduced**: runs of the paper's own protocol decide, by the rule written down beside
#   the claim beforehand.
# - ▲ **seen (reduced)** and ▽ **not seen (reduced)**: the same, in runs of a reduced protocol. They show what happened
#   there and settle nothing about the paper.
# - ◐ **undecided**: it has been run and the evidence does not decide, mostly because of too few seeds.
# - ○ **not run**: no record speaks to it yet.

# %% tags=["remove-input"]
from myst_nb import glue

from spareparts import claims, stats

ledger = claims.collect(claims.executed())

# %% [markdown]
# ## The count

# %% tags=["remove-input"]
glue("count", stats.verdict_counts(ledger), display=False)
claims.counts(ledger)

# %% [markdown]
# ## Claim by claim

# %% tags=["remove-input"]
claims.show(ledger)
