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
# # Redundancy
#
# *Sources of redundancy in neural networks* {cite:p}`heitmann2019redundancy`
#
# A network with far more weights than images to learn from could learn all of them by heart. Mostly it does not, and
# larger networks often do better than small ones. Where, then, are all those weights? The report, a semester project
# whose draft breaks off before most of its results, looks at single units of a trained layer. It removes them one by
# one and asks by which sign one recognises those that are not needed. This page follows its Section 3: criteria,
# dynamics, subspaces. The theories of its Section 2, which it set out to test, have [a page of their
# own](theories.ipynb).

# %% tags=["parameters"] mystnb={"code_prompt_show": "The parameters of this chapter"}
EXPERIMENTS = ["network"]  # or others of redundancy.EXPERIMENTS: what is done with a network
MODELS = ["lenet_300_100"]  # or others of redundancy.MODELS
DATASETS = []  # none: what each model was trained on
SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
ITERATIONS = []  # none: as published
TRAIN_SAMPLES = []  # none: all images but those held out
INITIALIZATION = ["glorot"]  # Figure 1's; or "pytorch", that of the author's code
SHUFFLED_LABELS = [False]
CLASSES = []  # none: all
STUDIED = ["best"]  # the weights of smallest validation loss; or "last"
WIDTH = []  # units of LeNet's first layer
UNITS = []  # XORD: filters of each sign; teacher and student: the student's
DIVERSE = []  # XORD: shares of inputs that hold both patterns of a sign
LAYERS = []  # that the student trains: "both", "first"
NOISE = []  # on the teacher's outputs
OPTIMIZER = None  # as published; or "sgd", "adam"
LEARNING_RATE = None  # as published
PRECISION = "float32"  # or "bfloat16", "tf32"
MISSING = "list"  # or "run": make the runs that have no record
DEMO_ITERATIONS = 600
DEMO_INITIALIZATIONS = ["glorot", "pytorch"]

# %% tags=["runs", "remove-cell"]
from spareparts import records, redundancy

wanted = {"experiments": EXPERIMENTS, "models": MODELS, "datasets": DATASETS, "seeds": SEEDS}
settings = {"iterations": ITERATIONS, "train_samples": TRAIN_SAMPLES, "classes": CLASSES, "studied": STUDIED}
settings |= {"initialization": INITIALIZATION, "shuffled_labels": SHUFFLED_LABELS, "diverse": DIVERSE}
settings |= {"width": WIDTH, "units": UNITS, "layers": LAYERS, "noise": NOISE}
settings |= {"optimizer": OPTIMIZER, "learning_rate": LEARNING_RATE, "precision": PRECISION}
plan = redundancy.plan(**wanted, **settings)
asked = records.load_or_run(plan, redundancy.run, missing=MISSING)

# %% tags=["remove-input", "requested"]
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import HTML, Markdown
from myst_nb import glue

from spareparts import claims, results, stats, style
from spareparts.plots.interactive import unit_graph
from spareparts.redundancy.pruning import ORDERS, area

style.use()
METRICS = {"accuracy": "accuracy, %", "area_norm_smallest": "area, smallest norm first", "area_random": "area, random"}
results.requested(plan, asked, METRICS | {"fitted_test_error": "test error of layers that fit, %"})

# %% tags=["remove-cell"]
every = records.frame(redundancy.Config)
every = every[every.outcome == "finished"].sort_values("seed")
network = every[(every.experiment == "network") & (every.precision != "tf32")]
mnist = network[(network.dataset == "mnist") & network.iterations.isna() & (network.studied == "best")]
whole = mnist[mnist.train_samples.isna() & ~mnist.shuffled_labels]
lenet, author = (whole[whole.initialization == name] for name in ("glorot", "pytorch"))
conv = network[(network.model == "conv_2") & (network.iterations == 4000)]
NETWORKS = {"LeNet": lenet, "Conv-2": conv}
CRITERIA = {"norm_smallest": "smallest norm", "frame_potential_smallest": "smallest contribution", "random": "random"}
CRITERIA |= {"norm_largest": "largest norm", "frame_potential_largest": "largest contribution"}
IMAGES = 10_000  # test images, on which correct answers are counted


# %% tags=["remove-cell"]
def both(runs, first, second):
    """Two measures of the same networks in pairs; each a column, or a number for all."""
    sides = [
        runs[side].to_numpy(float) if isinstance(side, str) else np.full(len(runs), side) for side in (first, second)
    ]
    return stats.Pairs(*sides, "paper" if (runs.protocol == "paper").all() else "reduced")


def arrays(run):
    """The arrays beside a record."""
    return records.arrays("redundancy", run.hash)


def curves(runs, name="curves", images=IMAGES):
    """Accuracy (%) with so many units removed, one row a network and criterion; the five random orders are averaged."""
    kinds = [order.split("_")[0] if order.startswith("random") else order for order in ORDERS]
    counts = {run.seed: pd.DataFrame(arrays(run)[name].astype(float), index=kinds) for _, run in runs.iterrows()}
    means = pd.concat({seed: 100 / images * part.groupby(level=0).mean() for seed, part in counts.items()})
    long = means.rename_axis(["seed", "order"]).rename_axis("removed", axis=1).stack().rename("accuracy").reset_index()
    return long.assign(criterion=long.order.map(CRITERIA))


# %% [markdown]
# ## In one screen

# %% tags=["remove-cell"]
shown = {name: curves(runs) for name, runs in NETWORKS.items()}
half = {name: long[long.removed == long.removed.max() // 2] for name, long in shown.items()}
half = pd.DataFrame({name: long.groupby("order").accuracy.mean() for name, long in half.items()})
words = claims.locked("redundancy")


def idle(run):
    """How many first removals change no answer, by norm and by frame potential."""
    counts = pd.DataFrame(arrays(run)["curves"].astype(int), index=ORDERS).loc[list(CRITERIA)[:2]]
    return [int((row != row[0]).argmax()) - 1 for row in counts.to_numpy()]


silent = np.array([idle(run) for _, run in conv.iterrows()])

# %% tags=["remove-cell"]
order = half["LeNet"]
price = lenet.accuracy.mean() - order.norm_smallest
claims.stands(order.frame_potential_smallest < order.random < order.norm_smallest, "LeNet: norm, chance, potential")
few = all((runs.final_potential < runs.spectrum_potential).all() for runs in NETWORKS.values())
claims.stands(few, "random rows with the same singular values have as large a frame potential")
claims.stands(bool((silent > 90).all()), "both criteria first remove some hundred units of Conv-2 that no answer needs")
answer = (
    f"Half of the units of LeNet's first layer can go for {price:.0f} points of accuracy, if the shortest go first. The "
    f"report's new criterion, which asks how units point and not how long they are, does worse there than a random order; "
    f"in Conv-2 it looks as good as the norm because both begin with the {silent.min()} to {silent.max()} of 256 units "
    f"that never change an answer."
)
glue("answer", answer, display=False)
# %% tags=["remove-cell"]
claims.stands(
    bool((author.area_frame_potential_smallest < author.area_random).all()), "PyTorch's weights: below chance"
)
grown = {
    name: (runs.final_potential / runs.random_potential).mean()
    for name, runs in {"lenet": lenet, "author": author}.items()
}
claims.stands(grown["author"] > 1.8 > 1.3 > grown["lenet"], "units that start short turn further")

# %% tags=["remove-input"]
Markdown(f"""
**{answer}**

Among the units of Conv-2 that do fire, neither criterion is better than a random order, on average over three networks.
Nor does it help LeNet to start from shorter units. As the report's Figure 1 draws them, units start long and hardly
turn. With PyTorch's default, as in the author's code, they turn further, to {grown["author"]:.1f} times the frame
potential of random rows instead of {grown["lenet"]:.1f}; and in all {len(author)} networks that begin so, smallest
contributions first is worse than a random order as well.

We see no clusters here. The weights of a trained layer gather in few directions, and what looks like clustering is
those directions: random rows with the same singular values have as large a frame potential. Of the report's
{len(words)} claims: {", ".join(f"{count} {word}" for word, count in words.value_counts().items())}. The
[ledger](ledger.ipynb) lists them; {{numref}}`fig-redundancy-curves` is the figure to remember.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Test accuracy against units removed in two panels. LeNet: smallest norm on top, random, then smallest contribution. Conv-2: both criteria stay flat for a hundred units, then fall faster than random."}, "figure": {"caption": "The report's Figures 2a and 2b: test accuracy after each removal from the first fully connected layer, without training again. Means over n networks with bands of one standard deviation; each network's random curve is the mean of five orders. LeNet on MNIST, 50,000 iterations; Conv-2 on CIFAR-10, 4,000 of 20,000 iterations (reduced). Shaded: removals that change no answer.", "name": "fig-redundancy-curves"}}
together = pd.concat({f"{name}, n = {len(NETWORKS[name])}": long for name, long in shown.items()}, names=["network"])
together["going first"] = np.where(together.order.str.endswith("largest"), "largest", "smallest or any")
look = {"hue": "criterion", "style": "going first", "hue_order": list(CRITERIA.values()), "errorbar": "sd"}
look["palette"] = [style.BLUE, style.ORANGE, style.GREY, style.SKY, style.VERMILION]
grid = sns.relplot(
    together.reset_index("network"), x="removed", y="accuracy", col="network", kind="line", height=2.7, aspect=0.95,
    facet_kws={"sharex": False}, **look,
)  # fmt: skip
for axis in grid.axes.flat:
    axis.axhline(10, **style.CHANCE)
grid.axes.flat[-1].axvspan(0, silent.min(), color=style.GREY, alpha=0.2, linewidth=0)
grid.set_titles("{col_name}").set_axis_labels("units removed", "test accuracy, %")
plt.show()

# %% [markdown]
# ## The idea
#
# **A unit** of a layer is a row $w_i$ of its weights $W$: $n$ rows of $d$ entries. LeNet-300-100 is fully connected;
# Conv-2 first convolves. To remove a unit means that the next layer receives nothing from it. The usual choice is the
# unit of smallest norm $\lVert w_i \rVert$. The report adds another. If training gathers the rows in clusters, a row
# far from all others is an outlier and perhaps useless. Bring the rows to length 1,
# $\hat w_i = w_i / \lVert w_i \rVert$, and measure how alike they are by their **{term}`frame potential`** (Sec. 3.1),
#
# $$ \mathrm{FP}(\hat W) = \sum_{i,j} \langle \hat w_i, \hat w_j \rangle^2 = \sum_i c_i, \qquad
#    c_i = \sum_j \langle \hat w_i, \hat w_j \rangle^2 . $$
#
# The **contribution** $c_i$ lies between 1, where a row is orthogonal to all others, and $n$, where all rows agree up
# to their sign. The unit with the smallest contribution goes first; after each removal the contributions of those left
# are taken anew.
#
# **What would chance give?** $n$ random directions have a frame potential of $n + n(n-1)/d$ on average, 414 for
# LeNet's first layer of 300 units with 784 inputs. Nothing can have less than $\max(n, n^2/d)$ or more than $n^2$.
#
# **What it cannot tell.** With $\sigma_k$ the singular values of $\hat W$, the frame potential is $\sum_k \sigma_k^4$:
# it depends on the spectrum of the normalized rows and on nothing else. It grows when rows form clusters, and just as
# much when they share a shift or fill a few dimensions evenly, no two of them close. A frame potential above that of
# random rows is therefore no proof of clusters. Two further nulls belong beside it: rows with their mean removed, and
# *random rows of the same spectrum* (that of $W$; $\hat W$'s would all but fix it), with the same few large directions
# and no clusters. Cosines to the nearest row tell clusters from these.

# %% [markdown]
# ### A demonstration that you can change
#
# The report's LeNet on scikit-learn's digits, images of 8 x 8 pixels that need no download, from both initializations
# ({numref}`fig-redundancy-demo`). `glorot` draws the 64 weights of a unit with variance $2/(d+n)$, `pytorch` uniform,
# $1/(3d)$. Change the list or `DEMO_ITERATIONS` at the top, or give the config another `width`, `optimizer` or
# `learning_rate`.

# %% mystnb={"image": {"alt": "Accuracy on digits against units removed for the network trained just now from each initialization: smallest norm, smallest contribution and random orders."}, "figure": {"caption": "The networks trained just now: test accuracy as units of the first layer go. One network each, so that differences between criteria are no result yet.", "name": "fig-redundancy-demo"}}
demo = [redundancy.Config(dataset="digits", iterations=DEMO_ITERATIONS, initialization=name) for name in DEMO_INITIALIZATIONS]  # fmt: skip
figure, axes = plt.subplots(1, len(demo), figsize=(3.6 * len(demo), 2.1), sharey=True, layout="constrained", squeeze=False)  # fmt: skip
done = {config.initialization: result for config, result in redundancy.run(demo, progress=False, workers=1)}
for axis, name in zip(axes[0], DEMO_INITIALIZATIONS, strict=True):
    counts, metrics = done[name].arrays["curves"].astype(float), done[name].metrics
    for order, colour in (("norm_smallest", "C0"), ("frame_potential_smallest", "C1"), ("random_1", style.GREY)):
        accuracy = metrics["accuracy"] * counts[ORDERS.index(order)] / counts[0, 0]
        axis.plot(accuracy, color=colour, label=order.replace("_", " "))
    over = metrics["final_potential"] / metrics["random_potential"]
    axis.set(title=f"{name}, potential {over:.2f} of chance", xlabel="units removed")
axes[0, 0].set_ylabel("test accuracy, %")
axes[0, 0].legend(fontsize=8)
plt.show()

# %% [markdown]
# ## The report's Figures 2a and 2b: which criterion?
#
# The area under a curve, which is the mean accuracy along it, puts each into one number ({numref}`tab-redundancy-criteria`), and several networks show how
# far it moves by chance. The report compares criteria on one network of each kind; its error bars are those of five
# random orders.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Mean accuracy along the curve, by the order in which units go: mean (SD) over networks.", "name": "tab-redundancy-criteria"}}
columns = {f"area_{order}": f"{name} first" if order != "random" else name for order, name in CRITERIA.items()}
table = {f"{name}, n = {len(runs)}": runs[list(columns)].agg(stats.mean_sd) for name, runs in NETWORKS.items()}
pd.DataFrame(table).T.rename(columns=columns).rename_axis("mean accuracy along the curve, % (SD)")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
ORDER = {  # of the report: the second over the first, or under it
    "norm over frame potential, smallest first": ("area_frame_potential_smallest", "area_norm_smallest", +1),
    "frame potential over random, smallest first": ("area_random", "area_frame_potential_smallest", +1),
    "norm under random, largest first": ("area_random", "area_norm_largest", -1),
    "frame potential under random, largest first": ("area_random", "area_frame_potential_largest", -1),
    "frame potential under norm, largest first": ("area_norm_largest", "area_frame_potential_largest", -1),
}


def ordered(runs):
    """The report's order of the criteria, a test for each of its steps."""
    return {name: stats.sign(both(runs, *sides), sign, unit="points") for name, (*sides, sign) in ORDER.items()}


claims.decide(
    "redundancy-1",
    ordered(lenet),
    because="With the initialization that Figure 1 states, removing the smallest contributions first is worse than "
    "chance. Largest first, both harm more than chance, and ten networks do not tell which harms most.",
)

# %% tags=["remove-input"]
entries = 2 / (784 + 300), 1 / (3 * 784)
over = (lenet.final_potential / lenet.random_potential).mean()
turned = pd.Series([np.median(arrays(run)["unit_cosines"].astype(float)) for _, run in lenet.iterrows()])
claims.stands(over < 1.3 and turned.mean() > 0.8, "training hardly turns the units of LeNet")
areas = author.filter(like="area_").mean().rename(lambda name: name.removeprefix("area_"))
claims.stands(
    areas.norm_smallest > areas.random > areas.frame_potential_smallest, "the same order from PyTorch's weights"
)
Markdown(f"""
Why is it worse than chance? Our first guess was that training has hardly turned these units: the median cosine of a unit
to its own initial weights is {turned.mean():.2f} at the end, and the frame potential {over:.2f} of that of random rows, so
that the criterion sorts units largely by how they were drawn. How far they turn depends on how long they were to begin
with. The Gaussian Glorot weights that Figure 1 states have {entries[0] / entries[1]:.1f} times the variance of PyTorch's
default, which the author's code had. From those the potential does rise, to {grown["author"]:.2f}, and the order of the
criteria stays: mean accuracies along the curve of {areas.norm_smallest:.1f} by the norm, {areas.random:.1f} at random and
{areas.frame_potential_smallest:.1f} by the smallest contribution (n = {len(author)}). So the guess is wrong. It may be that a
unit unlike all others is one that no other can replace; we have not tested that.
""")

# %% [markdown]
# ### Conv-2: units that never fire
#
# Both curves of Conv-2 begin with a level stretch. No accuracy of 10,000 images stays *exactly* the same through a
# hundred removals unless the units removed give nothing to begin with. Three counts, made independently, nearly agree
# ({numref}`tab-redundancy-idle`): removals that change no answer, units whose output is constant (uncorrelated with
# every other one) on 500 validation images, and units that still point where they started, as a unit does that is never
# given a gradient.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Units of Conv-2 that give nothing, by three counts, one line a network.", "name": "tab-redundancy-idle"}}
lines = {}
for _, run in conv.iterrows():
    own = arrays(run)
    lines[f"Conv-2, seed {run.seed}"] = {
        "idle removals, by norm": idle(run)[0],
        "by frame potential": idle(run)[1],
        "constant outputs": own["graph_outputs_counts"][-1][0][3],
        "cosine to the start above 0.9": int((own["unit_cosines"].astype(float) > 0.9).sum()),
        "of units": own["unit_cosines"].size,
    }
pd.DataFrame(lines).T

# %% tags=["remove-cell"]


def among_firing(run):
    """Mean accuracy (%) while half of the units that fire go: by norm, by frame potential, at random.

    Both criteria have taken the silent units first; of a random order, which takes silent and firing ones alike, half
    of all units hold half of those that fire.
    """
    counts = pd.DataFrame(arrays(run)["curves"].astype(int), index=ORDERS)
    start, units = max(idle(run)), counts.shape[1] - 1
    stop = start + (units - start) // 2
    lines = counts.loc[list(CRITERIA)[:2], start:stop].to_numpy()
    random = area(counts.filter(like="random", axis=0).to_numpy(), images=IMAGES, share=0.5).mean()
    return *area(lines, images=IMAGES), random


firing = pd.DataFrame([among_firing(run) for _, run in conv.iterrows()], columns=["norm", "potential", "random"])
firing = firing.assign(protocol=list(conv.protocol), seed=list(conv.seed))

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
NORM, POTENTIAL, RANDOM = (f"half_area_{name}" for name in ("norm_smallest", "frame_potential_smallest", "random"))
more = {"threshold": 0.5, "expected": +1, "unit": "points"}
claims.decide(
    "redundancy-2",
    {
        "half of all units: frame potential less norm": stats.within(
            both(conv, NORM, POTENTIAL), margin=0.5, unit="points"
        ),
        "half of all units: norm over random": stats.beyond(both(conv, RANDOM, NORM), **more),
        "half of all units: frame potential over random": stats.beyond(both(conv, RANDOM, POTENTIAL), **more),
        "units that fire: frame potential less norm": stats.within(
            both(firing, "norm", "potential"), margin=0.5, unit="points"
        ),
        "units that fire: norm over random": stats.beyond(both(firing, "random", "norm"), **more),
        "units that fire: frame potential over random": stats.beyond(both(firing, "random", "potential"), **more),
    },
    because="Up to half of the units the claim is seen, but silent units make it: among those that fire the two "
    "criteria differ by several points, in either direction, and three networks do not show that either beats chance.",
)

# %% tags=["remove-input"]
means = firing[["norm", "potential", "random"]].mean()
claims.stands(bool(means.idxmax() == "random"), "among units that fire no criterion is better than a random order")
apart = (firing.potential - firing.norm).abs()
claims.stands(apart.min() > 2, "the criteria differ by more than two points in every network, among units that fire")
claims.stands(bool((conv.dead_units == 0).all()), "no unit of these networks has zero weights")
units = [(own["unit_norms"].astype(float), own["unit_cosines"] > 0.9) for own in map(arrays, conv.itertuples())]
longer = max(100 * (norms[-1, still].mean() / norms[0].mean() - 1) for norms, still in units)
claims.stands(0 < longer < 5, "units that never fire end nearly as short as they were drawn")
Markdown(f"""
While half of those that fire go, mean accuracy is {means.norm:.1f}% by norm, {means.potential:.1f}% by frame potential
and {means.random:.1f}% at random. So what the two criteria share is that both recognise a dead unit: it points where it
started, is {longer:.0f}% longer on average and as far from all others as before. The report counts units whose weights
are zero as dead; there is none of these. In LeNet's first layer every unit fires, and there the two criteria disagree.
(The weights of these networks were not kept; units are judged by their records. A random order is taken to hold silent
units in proportion.)
""")

# %% [markdown]
# ## Training dynamics (Section 3.2)
#
# The report's author built a tool to watch the units of a layer during training; Section 3.2, which was to show it, is
# empty. Here is one. Each dot is a unit; its area grows with its norm. Units are linked where their weights, or their
# outputs on validation images, are at least as alike as the cutoff. The plane shows as much of the likeness as a plane
# can, which is rarely much: trust the links and their counts, not the distances. Move the epoch from start to end, then
# raise the cutoff (the author's pictures use 0.25 and 0.48). Tight clusters would survive a high cutoff; a common
# leaning is one group at a low cutoff and dust at a higher one.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is made"}
watched = arrays(lenet.iloc[0])
title = "Units of LeNet's first layer, seed 1, Glorot weights, over its epochs on MNIST."
HTML(unit_graph(watched, cutoff=0.1, title=title))

# %% tags=["remove-input"]
links = pd.DataFrame(watched["graph_weights_counts"][-1], index=watched["graph_cutoffs"].round(2), columns=["links", "groups", "largest", "alone"])  # fmt: skip
claims.stands(links.loc[0.1, "largest"] > 250 and links.loc[0.25, "links"] == 0, "one group at 0.1 and dust at 0.25")
Markdown(f"""
At the end {links.loc[0.1, "largest"]} of 300 units hang together at a cosine of 0.1, and not one pair is left at 0.25:
a common leaning, and dust. [The details](redundancy_details.ipynb) have the same figure for Conv-2, and how far units
grow and turn.
""")

# %% [markdown]
# ### Do units cluster?
#
# This is the claim behind the new criterion. {numref}`fig-redundancy-clustering` shows the frame potential over that of random rows along
# training, beside that of random rows with the weights' spectrum: few directions, no clusters.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Frame potential over that of random rows against epochs, for two kinds of network. Blue lines, the weights, rise; grey lines, random rows of the same spectrum, rise as much or more."}, "figure": {"caption": "Frame potential of the first fully connected layer, over that of random rows (dashed: 1), a line a network. Same spectrum: random rows with the singular values of the weights. Logarithmic.", "name": "fig-redundancy-clustering"}}
names = ["potential", "centred_potential", "spectrum_potential", "nearest", "spectrum_nearest"]
parts = []
for name, runs in NETWORKS.items():
    for _, run in runs.iterrows():
        own = arrays(run)
        part = pd.DataFrame(own["clustering"], columns=names).assign(epoch=own["epochs"], seed=run.seed, network=name)
        parts.append(part.assign(weights=part.potential / run.random_potential, same=part.spectrum_potential / run.random_potential))  # fmt: skip
clusters = pd.concat(parts).rename(columns={"same": "same spectrum"})
long = clusters.melt(["network", "seed", "epoch"], ["weights", "same spectrum"], "rows", "ratio")
look = {"units": "seed", "estimator": None, "palette": [style.BLUE, style.GREY], "facet_kws": {"sharex": False}}
grid = sns.relplot(long, x="epoch", y="ratio", hue="rows", col="network", kind="line", height=2.2, aspect=1.15, linewidth=1, **look)  # fmt: skip
for axis in grid.axes.flat:
    axis.axhline(1, **style.CHANCE)
    axis.set(yscale="log")
    style.plain_log(axis.yaxis)
grid.set_titles("{col_name}").set_axis_labels("epoch", "potential over chance")
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
POTENTIALS = {  # what the frame potential should rise above: the potential, its null
    "over random rows": ("final_potential", "random_potential"),
    "over random rows, means removed": ("final_centred_potential", "centred_random_potential"),
    "over random rows of the same spectrum": ("final_potential", "spectrum_potential"),
}
ratios = {name: both(lenet.assign(ratio=lenet[found] / lenet[null]), 1.0, "ratio") for name, (found, null) in POTENTIALS.items()}  # fmt: skip
claims.decide(
    "redundancy-3",
    {name: stats.sign(pairs, +1, unit="of the null") for name, pairs in ratios.items()},
    because="It rises above random rows, with or without a common shift, and not above random rows of the same "
    "spectrum: the weights gather in few directions, which is not the same as in clusters.",
)

# %% tags=["remove-input"]
near = {name: both(runs, "spectrum_nearest", "final_nearest") for name, runs in NETWORKS.items()}
own = {name: pairs.second.mean() for name, pairs in near.items()}
null = {name: pairs.first.mean() for name, pairs in near.items()}
claims.stands(own["LeNet"] - null["LeNet"] < 0.02, "LeNet's neighbours are barely nearer than chance")
claims.stands(bool((near["LeNet"].second > near["LeNet"].first).all()), "they are nearer in every network")
claims.stands(own["Conv-2"] < null["Conv-2"], "in Conv-2 neighbours are further than in rows of the same spectrum")
Markdown(f"""
Nearest neighbours say the same. A unit of LeNet has a mean cosine of {own["LeNet"]:.3f} to the unit nearest to
it, where random rows of the same spectrum have {null["LeNet"]:.3f}: nearer in all {len(lenet)} networks, by
less than half a degree. In Conv-2, where the report saw one big cluster, it is {own["Conv-2"]:.3f} against
{null["Conv-2"]:.3f}: further than chance.
""")

# %% [markdown]
# ## Subspaces (Section 3.3)
#
# ### How few directions carry the accuracy?
#
# Let $Z$ be the weights before training and $U_k$ the first $k$ left singular vectors of $W - Z$. Nagarajan and Kolter
# {cite:p}`nagarajan2019uniform` keep only $W' = Z + U_k U_k^\top (W - Z)$ and find 16 of 1,024 directions enough. The
# final report keeps the ten largest directions of $W$ itself: for Conv-2 they hold 70.25% of the norm and cost 6.34
# points.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Accuracy against directions kept for LeNet and Conv-2. Curves of the change W minus Z lie above those of W for LeNet and on them for Conv-2; from 32 directions on those of the change are within two points of the whole network, those of LeNet's weights within four."}, "figure": {"caption": "Test accuracy with only the k largest directions of the first fully connected layer: of its change in training, W − Z, and of the weights themselves. Means over n networks, bands of one standard deviation. Dashed: chance. Vertical line: 16 directions.", "name": "fig-redundancy-ranks"}}
KINDS = {"update_rank_accuracy": "W − Z", "rank_accuracy": "W"}
long = pd.concat(
    pd.DataFrame({"rank": run.ranks, "accuracy": run[metric], "network": f"{name}, n = {len(runs)}", "of": kind})
    for name, runs in NETWORKS.items()
    for _, run in runs.iterrows()
    for metric, kind in KINDS.items()
)
grid = sns.relplot(long, x="rank", y="accuracy", hue="of", col="network", kind="line", errorbar="sd", marker="o", height=2.2, aspect=1.15)  # fmt: skip
for axis in grid.axes.flat:
    axis.axhline(10, **style.CHANCE)
    axis.axvline(16, color=style.GREY, linewidth=0.8)
    axis.set_xscale("log", base=2)
    axis.set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
grid.set_titles("{col_name}").set_axis_labels("directions kept", "test accuracy, %")
plt.show()

# %% tags=["remove-cell"]
REPORT = 70.25, 6.34  # Conv-2, rank 10 of W: norm kept (%), accuracy lost (points)


def ranked(runs):
    """The runs with what 16 directions of W − Z, and 10 of W, do to them."""
    place = {rank: runs.ranks.iloc[0].index(rank) for rank in (10, 16)}
    return runs.assign(
        carried=runs.update_rank_accuracy.str[place[16]],
        lost_10=runs.accuracy - runs.rank_accuracy.str[place[10]],
        removed=runs.update_residual_norm_16 / runs.update_spectral_norm,
    )


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {}
for name, runs in {"LeNet": ranked(lenet), "Conv-2": ranked(conv)}.items():
    parts[f"{name}, 16 directions less all"] = stats.within(both(runs, "accuracy", "carried"), margin=1, unit="points")
    large = {"threshold": 0.1, "expected": +1, "unit": "of the change's norm"}
    parts[f"{name}, spectral norm removed"] = stats.beyond(both(runs, 0.0, "removed"), **large)
runs = ranked(conv)
kept, cost = both(runs, REPORT[0], "weights_kept_norm_10"), both(runs, REPORT[1], "lost_10")
parts["Conv-2, rank 10, norm kept less the report's"] = stats.within(kept, margin=5, unit="%")
parts["Conv-2, rank 10, accuracy lost less the report's"] = stats.within(cost, margin=1, unit="points")
claims.decide(
    "redundancy-5",
    parts,
    because="Sixteen directions are not enough for LeNet, and Conv-2 after a fifth of the training is less "
    "concentrated than the report's. What is removed is large, as claimed.",
)

# %% [markdown]
# ### Noise and signal
#
# Martin and Mahoney {cite:p}`martin2018implicit` read a weight matrix as noise plus a low-rank signal, and training, as
# the report has it, as noise that falls while the signal grows. The Marchenko-Pastur law says what spectrum noise would
# have. Its variance ({numref}`tab-redundancy-noise`) is fitted to the bulk; *outliers* are directions beyond its edge
# by more than all but one random layer in a hundred.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Noise and outliers of the layer's weights, before and after training: mean (SD).", "name": "tab-redundancy-noise"}}
change = {name: 100 * (runs.final_noise_variance / runs.initial_noise_variance - 1) for name, runs in NETWORKS.items()}
pd.DataFrame(
    {
        f"{name}, n = {len(runs)}": {
            "outliers, start": stats.mean_sd(runs.initial_outliers, digits=1),
            "outliers, end": stats.mean_sd(runs.final_outliers, digits=1),
            "norm of the signal, end": stats.mean_sd(runs.final_signal),
            "variance of the noise, change in %": stats.mean_sd(change[name], digits=1),
        }
        for name, runs in NETWORKS.items()
    }
).T

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
noise = both(lenet.assign(change=change["LeNet"]), 0.0, "change")
claims.decide(
    "redundancy-6",
    {
        "outliers appear": stats.sign(both(lenet, "initial_outliers", "final_outliers"), +1, unit="directions"),
        "their norm grows": stats.sign(both(lenet, "initial_signal", "final_signal"), +1),
        "the noise falls": stats.sign(noise, -1, unit="%"),
    },
    because="A signal of a few directions appears and grows, as claimed; the noise beside it does not fall but rises a little.",
)

# %% [markdown]
# ### Is the elbow the number of classes?
#
# The final report finds the elbow in the spectrum of this layer always at 10, and has ten classes throughout. So take
# fewer and more: LeNet learns the first 2 to 100 classes of CIFAR-100. The elbow is the point of
# $k \mapsto \lVert W - W_k \rVert$ farthest below the line between its ends ($W_k$: $W$ at rank $k$); noise has one.
# {numref}`fig-redundancy-elbows`: $W$ and $W - Z$.

# %% tags=["remove-cell"]
hundreds = every[(every.experiment == "network") & (every.dataset == "cifar100") & (every.iterations == 5000)]
hundreds = hundreds[hundreds.classes.notna()]
elbows, best = hundreds[hundreds.studied == "last"], hundreds[hundreds.studied == "best"]
OF = {"weights_elbow": "W", "update_elbow": "W − Z"}

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Elbow against number of classes, both axes logarithmic. That of W follows the diagonal from 2 to 20 classes, a little above, and falls below it at 100; that of W minus Z starts at 32 and does not."}, "figure": {"caption": "Directions before the elbow after 5,000 steps, of W and of its change W − Z, against the number of classes, a dot a network, lines through means (reduced). Dashed: as many directions as classes.", "name": "fig-redundancy-elbows"}}
long = elbows.melt(["classes", "seed"], list(OF), "matrix", "elbow").assign(matrix=lambda rows: rows.matrix.map(OF))
figure, axis = plt.subplots(figsize=(4.8, 2.4), layout="constrained")
sns.scatterplot(long, x="classes", y="elbow", hue="matrix", ax=axis)
sns.lineplot(long, x="classes", y="elbow", hue="matrix", errorbar=None, ax=axis, legend=False)
axis.plot([2, 100], [2, 100], **style.CHANCE)
axis.set(xscale="log", yscale="log", ylabel="directions before the elbow")
axis.set_xticks([2, 5, 10, 20, 100], ["2", "5", "10", "20", "100"])
axis.set_yticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
axis.minorticks_off()
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {}
for (classes, part), (metric, name) in itertools.product(elbows.groupby("classes"), OF.items()):
    margin = max(0.5, 0.2 * classes)
    pairs = both(part, classes, metric)
    parts[f"{classes:.0f} classes, {name}"] = stats.within(pairs, margin=margin, unit="directions")
claims.decide(
    "redundancy-15",
    parts,
    because="After equally many steps the elbow of W, which is the report's, lies a few directions above the number of "
    "classes up to twenty and far below it at a hundred; that of its change is elsewhere.",
)

# %% tags=["remove-input"]
mean = {name: elbows.groupby("classes")[name].mean() for name in OF}
early, steps = best.groupby("classes").weights_elbow.mean(), best.groupby("classes").best_step.mean()
above = mean["weights_elbow"] - mean["weights_elbow"].index
claims.stands(
    bool(above.drop(100).between(0, 6).all()), "up to twenty classes the elbow of W is a few directions above"
)
claims.stands(above[100] < -60 and mean["update_elbow"][2] > 20, "at a hundred it is far below; the change has another")
claims.stands(
    bool((early.drop(100) < 6).all()), "at the best step the elbow of W is the same for two to twenty classes"
)
claims.stands(steps[100] > 10 * steps[2], "more classes take far more steps to their best")
Markdown(f"""
After 5,000 steps it holds in part. The elbow of $W$ goes from {mean["weights_elbow"][2]:.0f} directions for two classes
through {mean["weights_elbow"][10]:.0f} for ten to {mean["weights_elbow"][20]:.0f} for twenty, always a few above the
number of classes; but at a hundred it stands at {mean["weights_elbow"][100]:.0f}, and that of $W - Z$ is elsewhere
throughout. Nor is it there from the beginning. At the weights of smallest validation loss, which come after
{steps[2]:.0f} steps for two classes and after {steps[100]:,.0f} for a hundred, the elbow of $W$ is between
{early.drop(100).min():.0f} and {early.drop(100).max():.0f} for two to twenty classes. It grows with training, long
after the network has learned what it will.
""")

# %% [markdown]
# ## What the protocol hides
#
# Three things would have changed the report's picture. It compares frame potentials with nothing, but random rows have
# one too, and rows in few directions a large one without any clusters. It judges criteria on one network of each kind,
# and states an initialization that its code did not have. And it counts as dead what has zero weights, where a ReLU
# leaves units that have weights and never fire.
#
# ## Discussion (Section 4)
#
# The report's last section is a heading with a note to write it. What would it say? A trained layer is redundant in two
# ways that have little to do with each other. Some units do nothing: they stopped firing in the first steps and stay as
# they were drawn, or training never moved them far. A norm finds these, and so does anything else that recognises a
# unit in its initial state, which is why criteria as different as norm and frame potential can agree. The other
# redundancy is shared out over all units: a layer of hundreds works in a few dozen directions. Many units can then go
# alone, but not together: they are *partly* replaceable by each other, and neither ranking here harvests it. It shows
# in what is left when directions are kept instead of units ({numref}`fig-redundancy-ranks`).
#
# The theories of Section 2 fare accordingly ([the next page](theories.ipynb)). Those about directions hold up in part:
# a low-rank signal appears, though the noise does not fall and sixteen directions are too few; wide networks stay near
# their start, meaningless labels need more directions. Those about units as carriers mostly do not: units form no
# clusters, are hardly lottery tickets where single weights are, do not repeat each other more as layers grow wider, and
# a wide student that learns well switches spare units off and does not average. If there is one practical conclusion it
# is that of the title: a *source* of redundancy has to be named with a null beside it. Much of what looked like
# structure here, clusters, elbows, agreement of criteria, is also found in random matrices or comes from units that are
# dead.

# %% [markdown]
# ## Provenance

# %% tags=["remove-input"]
used = pd.concat([*NETWORKS.values(), author, elbows, best])
kinds = used.protocol.value_counts()
Markdown(f"""
{len(used)} runs, {used.seconds.sum() / 3600:.1f} hours of one processor core, stand behind this page, on
{" and ".join(sorted(set(used.device)))}; {kinds["paper"]} follow the report's protocol and {kinds["reduced"]} do not.
They stand in `book/records/redundancy`, one file each; [the details](redundancy_details.ipynb) list them with code,
data and departures. The first command makes those runs of the grid file that have no record; the second makes a few of
the recorded ones again and compares:

```
python -m spareparts sweep notebooks/sweeps/redundancy.yaml
python -m spareparts verify --paper redundancy --output my_audit.json
```
""")
