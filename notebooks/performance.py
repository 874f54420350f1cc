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
# # Performance
#
# Small networks waste most of a computer's time on everything but arithmetic: reading one image at a time, turning it
# into a tensor, moving it about. The results of this book need hundreds of such networks, so their training loop must
# not. This page shows what that saves, against what one would otherwise use.
#
# Every comparison runs both sides in one session on one machine, in turns, each with the same number of threads, and
# takes the median of each side. The **ratio** is the other side's time over ours: 2 means twice as fast, below 1 means
# slower. Each has a **goal** that was set beforehand. What misses its goal is shown too.

# %% tags=["hide-input"]
import json

import pandas as pd
from IPython.display import Markdown

from spareparts import execute
from spareparts.plots.benchmarks import benchmark_ratios

COLUMNS = ["name", "ours", "other", "unit", "ratio", "goal", "device", "note", "versions"]
measured = json.loads((execute.ROOT / "book" / "benchmarks.json").read_text())
rows = pd.DataFrame(measured, columns=COLUMNS)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot plot on a logarithmic axis: for every comparison the ratio of the other side's time to ours, with a bar at its goal and a dashed line where both sides are equally fast. The table below holds the same numbers."}, "figure": {"caption": "How many times as fast ours is as the other side. Bars: goals. Filled circles reach theirs, open squares do not. Dashed: equally fast.", "name": "fig-performance-ratios"}}
benchmark_ratios(rows)

# %% tags=["hide-input"]
rows["reached"] = (rows.ratio >= rows.goal).map({True: "yes", False: "no"})
numbers = {"ours": "{:.4g}", "other": "{:.4g}", "ratio": "{:.3g}", "goal": "{:.3g}"}
table = rows[["name", *numbers, "reached", "unit", "device"]].style.format(numbers).hide(axis="index")
table.set_table_attributes('class="dataframe"')

# %% [markdown]
# ## What is compared

# %% tags=["hide-input"]
Markdown(
    "\n".join(f"- `{row.name}` ({row.device}): {row.note}" for row in rows.itertuples(index=False)) or "Nothing yet."
)

# %% tags=["hide-input"]
unmeasured = [name for name in ("replicas_gpu_1", "replicas_gpu_5", "replicas_gpu_30") if name not in set(rows.name)]
Markdown(f"**Not measured yet**, for want of a GPU: {', '.join(unmeasured)}." if unmeasured else "")

# %% [markdown]
# The other sides are written as a newcomer would write them from the papers; they stand in `benchmarks/plain.py`.
# Lightning's start is not counted, and of several numbers of loader workers the best counts. With LeNet it runs three
# times: as it comes, with its progress bar and its logger; stripped of these (`_bare`, as in all other rows); and with
# a second processor for its loader workers, while ours has one (`_helped`).
#
# Where the gain comes from depends on the network. With a small one it is the data: whole tensors on the device,
# batches drawn by index, nothing in between. With a convolutional one most of the time is arithmetic, and there it is
# the order of the work: channels last in memory, pooling before the ReLU, one product for all experts, and, where the
# processor can, half the bits.

# %% [markdown]
# ## Repeat it
#
# ```sh
# make bench                         # all rows, in about eight minutes
# python -m benchmarks engine_step   # some of them
# python -m benchmarks --list        # their names
# ```
#
# The machine should do nothing else meanwhile. The rows of your device are added to `book/benchmarks.json`; those of other devices stay. A row that cannot be
# measured on your machine is skipped, by name and with the reason. These versions were used:

# %% tags=["hide-input"]
versions = pd.json_normalize(rows.versions.tolist()).fillna("")
table = pd.concat([rows[["name", "device"]], versions], axis=1).style.hide(axis="index")
table.set_table_attributes('class="dataframe"')
