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
# Every claim of the five papers, the five questions of the [cross-examination](cross_examination.ipynb), and what our
# records say about them. No verdict is typed: each is computed beside its
# evidence in the chapter that the claim links to, on every build of this book, from the records of runs that anyone can
# repeat. [](../methods.md) says how.
#
# - ✓ **reproduced** and ✗ **not reproduced**: runs of the paper's own protocol decide, by the rule written down beside
#   the claim beforehand.
# - ▲ **seen (reduced)** and ▽ **not seen (reduced)**: the same, in runs of a reduced protocol. They show what happened
#   there and settle nothing about the paper.
# - ◐ **undecided**: it has been run and the evidence does not decide, mostly because of too few seeds.
# - ○ **not run**: no record speaks to it yet.

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import pandas as pd

from spareparts import claims, style

style.use()
ledger = claims.collect(claims.executed())

# %% [markdown]
# ## The count
#
# {numref}`fig-ledger-count` has a bar for each paper.

# %% tags=["remove-input"] mystnb={"image": {"alt": "Horizontal bars, one a paper: how many of its claims were reproduced, not reproduced, seen or not seen in a reduced protocol, undecided, not run."}, "figure": {"caption": "Claims by verdict. Full colours: decided by runs of the paper's own protocol; light ones: what shorter runs showed.", "name": "fig-ledger-count"}}
counts = pd.crosstab(ledger["word"], ledger["verdict"]).rename_axis(columns=None)
counts = counts.reindex(
    index=ledger["word"].unique()[::-1], columns=[word for word in claims.SYMBOLS if word in counts]
)
shades = dict(zip(claims.SYMBOLS, ("#0072b2", "#d55e00", "#9ecae8", "#f3c1a5", "#d9d9d9", "#ffffff"), strict=True))
figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
look = {"edgecolor": "0.35", "linewidth": 0.5, "width": 0.75}
counts.plot.barh(stacked=True, ax=axis, color=[shades[name] for name in counts], **look)
for bars in axis.containers:
    ink = "white" if bars.get_label() in ("reproduced", "not reproduced") else "black"
    numbers = [f"{bar.get_width():.0f}" if bar.get_width() else "" for bar in bars]
    axis.bar_label(bars, numbers, label_type="center", color=ink)
names = counts.index.str.replace("cross_", "cross-").str.replace("_", " ")
axis.set(xlabel="claims", ylabel="", yticklabels=names)
axis.legend(loc="upper center", bbox_to_anchor=(0.45, 1.25), ncols=len(counts.columns), handlelength=1)
figure.savefig(claims.executed_folder() / "verdicts.png", dpi=110)  # for the first page
plt.show()

# %% [markdown]
# ## Claim by claim
#
# One row a claim: the verdict, what the paper says and where (the link leads to the evidence), why we say so, the effect
# with its 95% interval where there is one number for it, and the number of seeds (or of data sets, of small networks on
# inputs of their own, or of teachers, where these are the units) with the protocol.

# %% tags=["remove-input", "ledger"]
claims.show(ledger)
