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
# The results of this book need thousands of small networks, and small networks waste most of a computer's time on
# everything but arithmetic. {numref}`fig-performance-ratios` shows what that costs: how many times as fast our code is as
# what one would otherwise use, both sides in one session on one machine, in turns, by the median of each. Both have as many
# threads, unless processes are what is compared. Two means twice as fast; of memory, half as much. Goals were set beforehand, and what misses its goal is shown too.

# %% tags=["remove-cell"]
import html
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import HTML, Markdown

from spareparts import claims, execute, style

style.use()
measured = json.loads((execute.ROOT / "book" / "benchmarks.json").read_text())
rows = pd.DataFrame(measured).assign(name=lambda rows: rows.name.str.replace("_", " "))

# %% tags=["remove-input"] mystnb={"image": {"alt": "Dot plot on a logarithmic axis: for every comparison the ratio of the other side's time to ours, with a bar at its goal and a dashed line where both sides are equally fast. The table below holds the same numbers."}, "figure": {"caption": "How many times as fast ours is as the other side, slowest first. Bars: goals. Filled circles reach theirs, open squares do not. Dashed: equally fast.", "name": "fig-performance-ratios"}}
ranked = rows.sort_values(["ratio", "name"], ascending=False)
places, reached, several = np.arange(len(ranked)), ranked.ratio >= ranked.goal, ranked.device.nunique() > 1
figure, axis = plt.subplots(figsize=(6.6, 1.2 + (0.4 if several else 0.17) * len(ranked)), layout="constrained")
axis.axvline(1, **style.CHANCE)
axis.hlines(places, ranked.ratio.clip(upper=1), ranked.ratio.clip(lower=1), color=style.GREY, linewidth=0.8)
axis.plot(ranked.goal, places, "|", color="black", markersize=10, markeredgewidth=2, label="goal")
axis.plot(ranked.ratio[reached], places[reached], "o", color=style.BLUE, markersize=6, label="reached")
missed = {"color": style.VERMILION, "fillstyle": "none", "markersize": 6, "markeredgewidth": 2}
axis.plot(ranked.ratio[~reached], places[~reached], "s", label="not reached", **missed)
axis.set(xscale="log", ylim=(-0.6, len(ranked) - 0.4), xlabel="times as fast as the other side")
axis.set_yticks(places, ranked.name + ("\n" + ranked.device if several else ""))
ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500]
axis.set_xticks(ticks, map("{:g}".format, ticks))
axis.minorticks_off()
axis.set_xlim(min(ranked.ratio.min(), ranked.goal.min()) / 1.2, max(ranked.ratio.max(), ranked.goal.max()) * 1.2)
figure.legend(loc="outside upper center", ncols=3)
plt.show()

# %% tags=["remove-input"]
ratio = rows.set_index("name").ratio
missed = rows[rows.ratio < rows.goal]
claims.stands(ratio["engine step"] > 0.95, "the engine costs nothing beside a bare loop")
Markdown(f"""
Against PyTorch Lightning with a DataLoader a training step of LeNet is {ratio["engine loader lenet"]:.1f} times as fast
and one of a mixture of experts {ratio["engine loader experts"]:.1f} times; against a bare loop over the same tensors it is
the same ({ratio["engine step"]:.2f}), so the gain is the data's: whole tensors on the device, batches drawn by index.
The mechanisms gain more, by algebra: the soft nearest neighbor loss {ratio["snnl time"]:.0f} times, the order of removal
by frame potential {ratio["frame potential order"]:.0f} times, a Hadamard head {ratio["head step"]:.0f} times. A step with
class rates takes {1 / ratio["class rates sgd"]:.1f} times as long as a plain one, since it does more. {len(missed)} of
{len(rows)} comparisons miss their goal: {" and ".join(missed.name)}. On a GPU nothing of this has been measured.
""")

# %% [markdown]
# ## The numbers

# %% tags=["remove-input", "sortable"]
numbers = {"ours": "{:.3g}", "other": "{:.3g}", "ratio": "{:.3g}", "goal": "{:.3g}"}
table = rows[["name", *numbers, "unit"]].style.format(numbers).hide(axis="index")
table.set_table_attributes('class="dataframe"')

# %% tags=["remove-input"]
items = "".join(f"<li><b>{row.name}</b>: {html.escape(row.note)}</li>" for row in rows.itertuples(index=False))
HTML(f"<details><summary>What each row compares</summary><ul>{items}</ul></details>")

# %% tags=["remove-input"]
versions = sorted({f"{name} {version}" for row in rows.versions for name, version in row.items()})
Markdown(f"""
Measured on {"; and ".join(sorted(set(rows.device)))}, with {", ".join(versions)}. The other sides are written as a newcomer
would write them from the papers (`benchmarks/plain.py`). Lightning runs with LeNet three times: as it comes, stripped of
its progress bar and logger (*bare*), and with a second processor for its loader workers (*helped*); its start is not
counted. `make bench` repeats all of it in about eight minutes, on a machine that should do nothing else, and
`python -m benchmarks engine_step` one row.
""")
