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
# # The audit
#
# Every number of this book comes from a record of a run. Two things can be wrong with a record: the run, made again,
# could give other numbers, and the record could have been damaged when something broke. Both are checked here.

# %% tags=["parameters"]
AUDIT = "book/audit.json"  # relative to the project
KILLS = "book/kills.json"

# %% tags=["hide-input"]
import json
import re

from IPython.display import Markdown

from spareparts import claims, verify
from spareparts.execute import ROOT

audit = json.loads((ROOT / AUDIT).read_text())
kills = json.loads((ROOT / KILLS).read_text())

# %% [markdown]
# ## Runs made again
#
# `python -m spareparts verify` draws records at random, from every paper in turn and of short and long runs, trains
# them again and compares every metric. On the same processor and with the same versions a metric must be equal to the
# last bit. Elsewhere rounding differs, and training amplifies it; there a tolerance holds. This is the last audit:

# %% tags=["hide-input"]
Markdown(verify.sentence(audit))

# %% tags=["hide-input"]
verify.page_table(audit)

# %% tags=["remove-input"]
apart = [check for check in audit["checks"] if check["outcome"] == "differs"]
claims.stands([check["word"] for check in apart] == ["experts"], "one run differs, of the experts")
claims.stands("live_experts" not in str(apart), "as many of its experts live as before")
(then, now), *_ = [*re.findall(r"\baccuracy: recorded ([\d.]+), now ([\d.]+)", str(apart)), ("–", "–")]
Markdown(f"""
One run lies outside the tolerance, a network of experts on CIFAR-10 that is trained with large steps: {now}% of the test
images where the record has {then}%. Its record names the processor less exactly than we do now, so a last bit cannot be
asked of it; its losses begin alike, part within the first steps that are recorded and end apart. That it has one live
expert is the same. Single runs of this kind can be repeated to the bit only where they were made; what the chapters say
rests on several seeds.
""")

# %% [markdown]
# To repeat it, here and now, with other records:
#
# ```sh
# python -m spareparts verify --sample 5 --seed 1 --budget 10m
# ```

# %% [markdown]
# ## Sweeps that were killed
#
# Long computations are interrupted: a machine is switched off, a process runs out of memory, somebody presses the wrong
# key. So parts of sweeps were killed with the signal that nothing can catch (`kill -9`), at random moments, in turns: a
# worker, the kernel that executes a notebook, the sweep itself. The first two must finish nevertheless, the third
# when the same command is given again. Each of these sweeps makes small runs in ten notebooks with two workers.

# %% tags=["hide-input"]
verify.kills_table(kills)

# %% [markdown]
# *Whole* counts records that can be read in full, *lost* those that are missing in the end. *Cut off* are runs that a
# kill interrupted and that were made again; *repeated* would be runs made again although they had their record, and
# *left alive* processes that outlived their sweep. *Lost*, *repeated* and *left alive* must be zero.
#
# `make kills` repeats it in about eight minutes.
