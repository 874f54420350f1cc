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
# # Cross-examination
#
# *Every paper's instruments on every paper's networks*
#
# Five papers each built an instrument and pointed it at their own networks. One counts neurons that know a class, one
# asks how far apart two networks lie and whether a ridge divides them, one fixes the last layer and looks at what that
# costs, one measures what an expert's choice tells about the class, one removes units until accuracy falls. Each found
# what it was built to find. This chapter turns all of them on one small network in ten versions, and asks the question
# that all five have in common: **which parts are spare, and does any of the cures give parts a job of their own?**

# %% tags=["parameters"] mystnb={"code_prompt_show": "The parameters of this chapter"}
DATASETS = ["mnist", "fashion_mnist"]
ARMS = []  # none: all of cross_examination.ARMS
SEEDS = [1]
EPOCHS = []  # none: 12
TRAIN_SAMPLES = []  # none: 20,000
STRENGTH = []  # of the push; none: 10
RATE_LEARNING_RATE = []  # of class rates; none: 30
SNNL_WEIGHT = []  # none: 1
MISSING = "list"  # or "run": make the runs that have no record
DEMO_ARMS = ["control", "mixture", "mixture_snnl"]
DEMO_EPOCHS = 20

# %% tags=["runs", "remove-cell"]
from spareparts import cross_examination, records

settings = {"epochs": EPOCHS, "train_samples": TRAIN_SAMPLES, "strength": STRENGTH, "snnl_weight": SNNL_WEIGHT}
settings |= {"rate_learning_rate": RATE_LEARNING_RATE}
plan = cross_examination.plan(datasets=DATASETS, arms=ARMS, seeds=SEEDS, **settings)
asked = records.load_or_run(plan, cross_examination.run, missing=MISSING)

# %% tags=["remove-input", "requested"]
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown
from myst_nb import glue

from spareparts import claims, results, stats, style
from spareparts.class_rates import rank_sum

style.use()
METRICS = {"accuracy": "accuracy, %", "specialized": "specialised, %", "removable": "removable, %"}
results.requested(plan, asked, METRICS)

# %% tags=["remove-cell"]
SETS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
CONTROLS = cross_examination.CONTROLS
NAMES = {
    "another_order": "other batches",
    "another_seed": "another seed",
    "pushed": "pushed away",
    "fixed_head": "fixed classifier",
    "class_rates": "class rates",
    "mixture": "five experts",
    "centred": "centred gate",
    "mixture_snnl": "SNNL, plain gate",
    "centred_snnl": "SNNL, centred gate",
}

# %% tags=["remove-cell"]
ONE = {
    "accuracy": "accuracy",
    "specialized": "specialised",
    "information": "information",
    "selectivity": "selectivity",
    "classes": "classes fired for",
    "silent": "silent",
    "removable": "removable",
    "repeated": "repeated",
    "potential": "frame potential",
    "spectrum_potential": "potential, by spectrum",
    "effective_rank": "effective rank",
    "rank": "rank for 99%",
    "area_norm": "pruned by norm",
    "area_potential": "pruned by potential",
    "frozen_cost": "cost of freezing",
}

# %% tags=["remove-cell"]
TWO = {
    "distance": "distance",
    "disagreement": "disagreement",
    "error_correlation": "errors shared",
    "shared_spare": "spare units shared",
    "barrier": "barrier",
}

# %% tags=["remove-cell"]
every = records.frame(cross_examination.Config)
every = records.matching(every, cross_examination.Config, free=("dataset", "arm", "seed"))
wide = every.pivot_table(index=["dataset", "seed"], columns="arm", values=[*ONE, *TWO, "area_random"])


def sides(arm, metric, dataset=None):
    """A measure of an arm beside the same of its control, seed by seed; of two networks, beside other batches."""
    control = CONTROLS[arm] if metric in ONE else "another_order"
    both = wide[metric].reindex(columns=[control, arm]).set_axis(["control", "arm"], axis=1).dropna()
    return both if dataset is None else both.loc[dataset]


def pairs(arm, metric, dataset):
    """The same for a test; all of these runs are reduced."""
    both = sides(arm, metric, dataset)
    return stats.Pairs(both.control.to_numpy(), both.arm.to_numpy(), "reduced")


def standardized(arm, metric):
    """Mean change against the control over the control's SD between seeds, for each data set."""
    both = sides(arm, metric)
    change = (both.arm - both.control).groupby("dataset").mean()
    return change / both.control.groupby("dataset").std()


# %% [markdown]
# ## In one screen

# %% tags=["remove-cell"]
matrix = pd.DataFrame({metric: {arm: standardized(arm, metric).mean() for arm in NAMES} for metric in ONE | TWO})
matrix = matrix.replace([np.inf, -np.inf], np.nan)
level = wide.groupby("dataset").mean().mean()  # every data set weighs the same
untrained = every.untrained_specialized.groupby(every.dataset).mean().mean()
snnl, live = (level.xs(arm, level="arm") for arm in ("centred_snnl", "centred"))
claims.stands(
    snnl.classes < 1.5 and live.classes > 4 and matrix.selectivity[["mixture_snnl", "centred_snnl"]].min() > 5,
    "with the loss a unit fires for one class or little more, without it for four or more",
)
head = level.xs("fixed_head", level="arm")
claims.stands(
    head.classes < 2 and head.repeated < 10 and min(head.removable, snnl.removable) > level["removable", "control"] - 1,
    "a fixed head makes units of hardly two classes without copies, and neither it nor the loss makes fewer removable",
)
claims.stands(
    snnl.specialized < untrained < live.specialized and snnl.repeated > 40 > 1.5 * live.repeated,
    "with the loss fewer pairs count as specialised than before training, and over 40% of the units repeat another",
)
# %% tags=["remove-cell"]
claims.stands(
    bool(
        (matrix.selectivity[["pushed", "fixed_head"]] > 5).all()
        and (matrix.specialized[["pushed", "fixed_head"]] < -5).all()
    ),
    "push and fixed head make units more selective and fewer pairs specialised",
)
claims.stands(
    matrix.potential["pushed"] > 20 and matrix.effective_rank["pushed"] < -20 and matrix.area_norm["pushed"] < 0,
    "the push drives the layer into fewer directions and it can be pruned less",
)
claims.stands(
    matrix.loc[["class_rates", "mixture"], ["accuracy", "removable", "repeated", "area_norm"]].abs().max(axis=None)
    < 2.5
    and 0 < level["selectivity", "class_rates"] - level["selectivity", "control"] < 0.06
    and abs(matrix.selectivity["mixture"]) < 1 < 2 < matrix.classes["centred"],
    "class rates make units slightly more selective, the plain gate does not, the centred gate does the opposite",
)
claims.stands(
    level["area_norm"].drop(["centred_snnl", "mixture_snnl"]).max() < level["area_norm", "centred_snnl"],
    "with the loss the layer can be pruned further than any other",
)

# %% tags=["remove-cell"]
answer = (
    f"The soft nearest neighbor loss does give units a class of their own: they fire for {snnl.classes:.1f} classes instead "
    f"of {live.classes:.1f}. It makes the layer more redundant, not less, since {snnl.repeated:.0f}% of the units then repeat "
    f"another one, and the class rates' count of specialised neurons sees it the wrong way round."
)
glue("answer", answer, display=False)

# %% tags=["remove-input"]
pushed = sides("pushed", "accuracy")
slower = {name: part.arm - part.control for name, part in pushed.groupby("dataset")}
claims.stands(slower["mnist"].max() < 0, "on MNIST the push costs accuracy in every seed")
claims.stands(slower["fashion_mnist"].min() < 0 < slower["fashion_mnist"].max(), "on FashionMNIST seeds disagree")
Markdown(f"""
**{answer}**

{{numref}}`fig-cross-examination-matrix` is the whole chapter. Read aloud it says:

1. **With the soft nearest neighbor loss a unit answers to one class and is one of many that do.** So the layer can be
   pruned further than any other. Accuracy does not rise.
2. **The push and the fixed classifier make units more selective too, each in its own way.** The push leaves the
   layer in fewer directions (frame potential {level["potential", "pushed"]:.1f} times that of random rows, in the control
   {level["potential", "control"]:.1f}) and costs {-slower["mnist"].mean():.1f} points of accuracy on MNIST (on FashionMNIST seeds disagree);
   the fixed classifier makes other units spare.
3. **Class rates go a small step the same way, five experts behind a plain gate none at all;** a gate that keeps its
   experts alive goes the other way, to units that fire for more classes.

Wherever units become more selective, fewer of them count as *specialised* by the class rates' measure: it gives a unit
that fires for half of the classes ten marks and a unit that fires for one class a single mark. All of this is from short
runs of a small network, {every.seed.nunique()} seeds on two data sets, and settles nothing about others.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "A grid of nine versions by eighteen instruments. Other batches: pale throughout. SNNL: selectivity and repeated units far up, specialised pairs and classes fired for far down. Push: frame potential far up, effective rank far down."}, "figure": {"caption": "Change against each version's own control, in units of that control's SD between seeds, mean of MNIST and FashionMNIST, eight seeds (reduced). Blue is more, red is less; colours end at 5, numbers do not. Measures of two networks, right of the line, are held against what other batches alone do.", "name": "fig-cross-examination-matrix"}}
drawn = matrix.drop(columns=["silent", "barrier"]).rename(index=NAMES, columns=ONE | TWO)
words = drawn.map(lambda value: "" if np.isnan(value) else f"{value:z.{int(abs(value) < 9.95)}f}")
figure, axis = plt.subplots(figsize=(8.6, 3.6), layout="constrained")
look = {"cmap": "RdBu", "center": 0, "vmin": -5, "vmax": 5, "fmt": "", "linewidths": 0.5, "cbar": False}
sns.heatmap(drawn, annot=words, ax=axis, annot_kws={"size": 8}, **look)
axis.axhline(2, color="0.2", linewidth=1)
axis.axvline(len(ONE) - 1, color="0.2", linewidth=1)
axis.tick_params(axis="x", rotation=40, length=0)
plt.setp(axis.get_xticklabels(), ha="right")
plt.show()

# %% [markdown]
# ## One network, ten versions
#
# The network is LeNet-300-100: 784 pixels, a layer of 300 ReLU units, one of 100, ten scores. Everything is read off its
# first layer, which all versions share: it has the same 300 units in the same places, starts from the same weights, and
# sees the same images. Each version is held against the one that differs from it by the cure alone.
#
# | Version | What it is | Held against |
# | --- | --- | --- |
# | control | trained as it is, by plain gradient descent | |
# | other batches | the same first weights, batches in another order | control |
# | another seed | other first weights too | control |
# | pushed away | from half the training on, a hill stands on the weights of that moment ([distancing](distancing.ipynb)) | control |
# | fixed classifier | the last layer has orthonormal rows that are never trained ([fixed classifiers](fixed_classifiers.ipynb)) | control |
# | class rates | every weight of both hidden layers has a rate for each class, in the first half of the training ([class rates](class_rates.ipynb)) | control |
# | five experts | the second layer is five experts of 20 units behind a gate ([experts](experts.ipynb)) | control |
# | centred gate | the same, the units' mean subtracted before the gate: experts live | five experts |
# | SNNL | the same two, with the soft nearest neighbor loss on the first layer's units | the gate without it |
#
# A mixture can be written as one plain network: gate and experts are the rows of one wide second layer, and a last step
# takes the scores of the chosen expert. So a unit of the first layer can be removed from the gate and from all experts at
# once, and the instruments need not know that they look at a mixture.
#
# Training is short: 20,000 images, twelve epochs, batches of 64. None of the five papers trains like this, so every
# number here is of a **reduced** protocol and settles nothing about them. The two versions below the control carry no
# cure. They show what an instrument reads when nothing was done.

# %% [markdown]
# ## The instruments, and what chance gives
#
# | Instrument | What it reads |
# | --- | --- |
# | specialised | % of pairs of a unit and a class in which the unit's outputs rank differently for this class than for the rest, p below one in ten million ([class rates](class_rates.ipynb)) |
# | information | what a unit's output, sorted into eight levels, tells about the class, in nats ([experts](experts.ipynb)) |
# | selectivity | how much more a unit gives for its strongest class than for the others, from 0 to 1 {cite:p}`morcos2018importance` |
# | classes fired for | in how many classes a unit fires for more than half of the images |
# | silent | % of units that no training image makes fire ([redundancy](redundancy.ipynb), as all down to the last pruning) |
# | removable | % of units that cost at most one of 2,000 test images when removed alone |
# | repeated | % of units whose outputs correlate above 0.8 with another unit's |
# | frame potential | of the rows of weights, over that of random rows; *by spectrum*: over that of rows with the same singular values |
# | effective rank | directions in use |
# | rank for 99% | directions that keep 99% of the accuracy |
# | pruned by norm, by potential | mean accuracy while units are removed one by one, % |
# | cost of freezing | points lost if the last layer is exchanged for a fixed one and all else trains an epoch further ([fixed classifiers](fixed_classifiers.ipynb)) |
# | distance | of the first layers, units matched, relative to the control's length ([distancing](distancing.ipynb), as the next three) |
# | disagreement | % of test images that two networks classify differently |
# | errors shared | correlation of their errors |
# | barrier | points by which the error rises on the line between both, units matched |
# | spare units shared | % of the control's 150 smallest units that are among the 150 smallest here |
#
# {numref}`tab-cross-examination-levels` has what each reads on the control, and beside it what it reads where there is
# nothing to find.

# %% tags=["remove-cell"]
NULLS = {
    "specialized": ("untrained_specialized", "untrained"),
    "information": ("permuted_information", "permuted labels"),
    "selectivity": ("permuted_selectivity", "permuted labels"),
    "classes": ("untrained_classes", "untrained"),
    "removable": ("untrained_removable", "untrained"),
    "repeated": ("untrained_repeated", "untrained"),
    "area_norm": ("area_random", "random order"),
    "area_potential": ("area_random", "random order"),
}
RATIOS = {"potential": "random rows", "spectrum_potential": "same spectrum"}  # are over their null already

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Level of each instrument, mean of both data sets and eight seeds; SD between seeds.", "name": "tab-cross-examination-levels"}}
control = every[every.arm == "control"]
rows = {
    label: {
        "control": control[metric].mean(),
        "SD": control.groupby("dataset")[metric].std().mean(),
        "null": control[NULLS[metric][0]].mean() if metric in NULLS else 1.0 if metric in RATIOS else np.nan,
        "of": NULLS[metric][1] if metric in NULLS else RATIOS.get(metric, ""),
        "another seed": every[every.arm == "another_seed"][metric].mean(),
    }
    for metric, label in ONE.items()
}
pd.DataFrame(rows).T.style.format("{:.3g}", na_rep="", subset=["control", "SD", "null", "another seed"])

# %% tags=["remove-input"]
noise = wide["removable", "control"].groupby("dataset").std().mean()
swing = np.ptp(wide["accuracy", "control"]["fashion_mnist"])
claims.stands(swing > 2, "accuracy on FashionMNIST differs by points between seeds")
by_norm, by_potential, at_random = (level[name, "control"] for name in ("area_norm", "area_potential", "area_random"))
claims.stands(untrained > 0.6 * level["specialized", "control"], "most specialised pairs are there before training")
claims.stands(noise > 3, "removable units differ by several points between seeds")
claims.stands(abs(by_potential - at_random) < 2 < by_norm - at_random, "potential prunes like chance, the norm better")
Markdown(f"""
Four levels decide how the rest is read. Of a hundred pairs {untrained:.0f} are specialised before the first step and
{level["specialized", "control"]:.0f} after training. Removable units differ by {noise:.0f} points (SD) between networks
of different seeds, and an untrained network, which has little to lose, has about as many. To prune by frame potential
is to prune at random here; in [its own chapter](redundancy.ipynb), trained longer, it is worse. And accuracy on
FashionMNIST differs by up to {swing:.0f} points from seed to seed, perhaps as the learning rate is never lowered.
""")

# %% [markdown]
# ### What a count of specialised units counts
#
# The count asks of every pair of a unit and a class whether the outputs for that class rank differently from the rest. A
# unit that fires for one class in ten passes in that one alone: images of any other class rank little below the rest,
# most of which are as silent. A unit that fires for three to seven classes passes in all ten
# ({numref}`fig-cross-examination-count`, for units made up for the purpose). Information has the same preference: a unit
# that is on for one of ten equal classes tells 0.33 nats, one that is on for five tells $\ln 2 = 0.69$. So both
# measures, with which the questions below had been planned, reward a unit for knowing a little about many classes. We
# noticed when the first three seeds said that a loss made to separate classes destroyed specialisation. Selectivity and
# the number of classes fired for were added then; they decide nothing below, and explain a good deal. Selectivity is
# $(m - r)/(m + r)$, with $m$ a unit's mean output for its strongest class and $r$ that for the others.

# %% mystnb={"image": {"alt": "Three curves against the number of classes that a unit fires for, one to nine. Specialised pairs jump from a fifth at two classes to all at three; information peaks at five; selectivity falls from one."}, "figure": {"caption": "Units made up to fire, with random strength, for so many of ten classes: share of pairs that count as specialised, information as a share of its largest value, and selectivity. 2,000 samples.", "name": "fig-cross-examination-count"}}
labels = np.arange(2_000) % 10
strength = np.random.default_rng(0).uniform(0.5, 1.5, size=2_000)
fired_for = range(1, 10)
made = np.stack([(labels < many) * strength for many in fired_for], axis=1)
p_values = rank_sum(made, labels, num_classes=10)
information = cross_examination.unit_information(made, labels)
curves = {
    "specialised pairs": (p_values < 1e-7).mean(axis=1),
    "information": information / information.max(),
    "selectivity": cross_examination.selectivity(made, labels),
}
look = {"style": ["o-", "s--", "^:"], "figsize": (7, 2.3), "ylim": (0, 1.05)}
axis = pd.DataFrame(curves, index=fired_for).plot(**look)
axis.set(xlabel="classes that the unit fires for", ylabel="share")
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# ### A demonstration that you can change
#
# Three versions (`mixture`: five experts; `area_norm`: pruned by norm) on scikit-learn's 8x8 digits, made here
# ({numref}`tab-cross-examination-demo`). `DEMO_ARMS` takes any of the ten.

# %% mystnb={"figure": {"caption": "Some instruments on digits, one seed.", "name": "tab-cross-examination-demo"}}
named = {"datasets": ["digits"], "arms": DEMO_ARMS, "epochs": DEMO_EPOCHS}
demo = cross_examination.plan(**named)
done = cross_examination.run(demo, workers=1, progress=False)
tried = pd.DataFrame({config.arm: result.metrics for config, result in done}).T
shown = ["accuracy", "specialized", "information"]
shown += ["removable", "repeated", "area_norm"]
tried[shown].style.format("{:.3g}")

# %% [markdown]
# ## Did the cures do their work?
#
# Before a cure is blamed for doing nothing it has to be seen that it was there ({numref}`tab-cross-examination-work`).

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "What each cure acts on, with it and without it: mean over eight seeds. SNNL: of the first layer's units on test images.", "name": "tab-cross-examination-work"}}
CHECKS = {
    "pushed away: distance since half-way": ("moved", "control", "pushed"),
    "class rates: the largest rate": ("largest_rate", None, "class_rates"),
    "five experts: live ones": ("live_experts", None, "mixture"),
    "centred gate: live experts": ("live_experts", "mixture", "centred"),
    "SNNL, plain gate: SNNL": ("snnl", "mixture", "mixture_snnl"),
    "SNNL, centred gate: SNNL": ("snnl", "centred", "centred_snnl"),
    "SNNL, centred gate: live experts": ("live_experts", "centred", "centred_snnl"),
}
work = every.pivot_table(index="arm", columns="dataset", values=["moved", "largest_rate", "live_experts", "snnl"])
rows = {
    name: {
        (SETS[dataset], side): work[metric, dataset].get(arm, np.nan)
        for dataset in SETS
        for side, arm in (("without", first), ("with", second))
    }
    for name, (metric, first, second) in CHECKS.items()
}
pd.DataFrame(rows).T.style.format("{:.3g}", na_rep="")

# %% tags=["remove-input"]
done = work.loc[:, ["moved", "live_experts", "snnl"]].T.groupby(level=0).mean().T
claims.stands(done.moved["pushed"] > 5 * done.moved["control"], "the push moves the network several times as far")
claims.stands(
    done.snnl["centred_snnl"] < done.snnl["centred"] - 0.2 and done.snnl["mixture_snnl"] < done.snnl["mixture"] - 0.2,
    "the loss lowers itself by far on images that it has not seen",
)
claims.stands(
    done.live_experts["mixture"] < 2 and done.live_experts[["centred", "centred_snnl"]].min() > 3,
    "a plain gate keeps one expert alive, a centred one more than three on average",
)
claims.stands(work.largest_rate.loc["class_rates"].between(3, 30).all(), "the largest rate is between 3 and 30")
Markdown(f"""
Each was. The push carries the network {done.moved["pushed"] / done.moved["control"]:.0f} times as far as the control
goes in the same time. The loss is lower on images not trained on, too. A plain gate collapses here as it does [on its
own networks](experts.ipynb), a centred one keeps {done.live_experts["centred"]:.1f} of five experts. The largest class
rates are {work.largest_rate.loc["class_rates"].min():.0f} and {work.largest_rate.loc["class_rates"].max():.0f} times
the ordinary rate. How strong a cure is (push, class rates and loss have a setting for it) was chosen once, on the first
seed of FashionMNIST, so that it does its work and the network still learns.
""")

# %% [markdown]
# ## Five questions
#
# Each was written down with the answer that the papers' own arguments predict, before any of these networks was trained.
#
# ### 1. Does the experts' loss make units specialised?
#
# The soft nearest neighbor loss pulls images of a class together in the layer that it acts on. If experts specialise
# because features have been disentangled, as its authors argue, the units of that layer should know their class better.
# We ask where the question can be asked: behind a centred gate, with experts that live.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
UNITS = {"specialized": "points", "information": "nats"}


def risen(arm):
    """Whether both measures rise on both sets, as four tests."""
    return {
        f"{name}, {ONE[metric]}": stats.sign(pairs(arm, metric, dataset), +1, unit=unit)
        for dataset, name in SETS.items()
        for metric, unit in UNITS.items()
    }


claims.decide(
    "cross_examination-1",
    risen("centred_snnl"),
    because="Both measures fall on both sets. Both reward a unit that fires for half of the classes over one that fires "
    "for a single class, and the loss makes units of the latter kind.",
)

# %% tags=["remove-input"]
claims.stands(snnl.selectivity > live.selectivity + 0.15, "selectivity rises by far")
claims.stands(
    abs(np.diff(sides("centred_snnl", "accuracy").groupby("dataset").mean()).mean()) < 0.5,
    "accuracy changes by less than half a point on average",
)
Markdown(f"""
Fewer pairs count, and the prediction as we wrote it down fails. What it was meant to say holds. With the loss a unit
fires for {snnl.classes:.1f} classes instead of {live.classes:.1f}, and selectivity rises from {live.selectivity:.2f} to
{snnl.selectivity:.2f}. The experts' authors are right that their loss gives parts of a network a class of their own. It
does so whether or not the experts live, in the layer before them, and what follows is not specialists but copies: of
300 units with ten classes to share, {snnl.repeated:.0f}% repeat another one ({live.repeated:.0f}% without the loss).
Accuracy stays where it was.
""")

# %% [markdown]
# ### 2. Does the push use spare units?
#
# Two solutions far from each other ought to use different parts of the network, and a network that is driven away from
# its own weights has to find room somewhere. If the room is the spare units, less of it is left to prune.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
claims.decide(
    "cross_examination-2",
    {name: stats.sign(pairs("pushed", "area_norm", dataset), -1, unit="points") for dataset, name in SETS.items()},
    because="The area falls on both sets, on FashionMNIST by four times as much. Whether spare units are put to use is "
    "another question (see below).",
)

# %% tags=["remove-input"]
kept = {
    (arm, order): 100 * level[order, arm] / level["accuracy", arm]
    for arm in ("control", "pushed", "centred_snnl")
    for order in ("area_norm", "area_random")
}
claims.stands(
    all(kept["pushed", order] < kept["control", order] - 2 for order in ("area_norm", "area_random")),
    "a pushed network keeps less of its accuracy, whichever the order",
)
claims.stands(
    abs(level["removable", "pushed"] - level["removable", "control"]) < 2 * noise,
    "alone as many can be removed as before",
)
Markdown(f"""
While units are removed one after the other, the smallest first, the control keeps {kept["control", "area_norm"]:.0f}%
of its accuracy on average and a pushed network {kept["pushed", "area_norm"]:.0f}%; in random order
{kept["control", "area_random"]:.0f}% and {kept["pushed", "area_random"]:.0f}%. Alone, as many units can go as before.
So fewer units can go together, though not because the spare ones are given a use: the push lines all rows up, with
{level["effective_rank", "pushed"]:.0f} effective directions instead of {level["effective_rank", "control"]:.0f}.
""")

# %% [markdown]
# ### 3. Does a fixed classifier change which units are spare?
#
# If the last layer is as redundant as the paper says, the layers before it should not notice that it is fixed. Then the
# same units should be spare: those small beside a learned classifier should be small beside a fixed one. Networks that
# start from the same weights can be compared unit by unit; what other batches alone change is the measure for "the same".

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
claims.decide(
    "cross_examination-3",
    {
        name: stats.within(pairs("fixed_head", "shared_spare", dataset), margin=5, unit="points")
        for dataset, name in SETS.items()
    },
    because="Of the control's smaller half of units far fewer are small beside a fixed classifier than in a network that "
    "only saw other batches.",
)

# %% tags=["remove-input"]
share = level["shared_spare"]
claims.stands(
    55 < share["fixed_head"] < share["another_order"] - 10, "shared less than under other batches, more than by chance"
)
claims.stands(
    abs(level["accuracy", "fixed_head"] - level["accuracy", "control"]) < 0.6
    and level["classes", "fixed_head"] < 0.7 * level["classes", "control"],
    "as accurate, with units that fire for fewer classes",
)
Markdown(f"""
It does. Networks that differ in batches alone agree on {share["another_order"]:.0f}% of their spare units, a fixed and
a learned classifier on {share["fixed_head"]:.0f}%, and two seeds on {share["another_seed"]:.0f}%, which is chance. The
network is as accurate; its last layer was spare, as the paper says. But the first layer does not learn the same: its
units fire for {level["classes", "fixed_head"]:.1f} classes instead of {level["classes", "control"]:.1f}. A row that
cannot move, we suppose, leaves it to the layers below to tell classes apart.
""")

# %% [markdown]
# ### 4. Do class rates give units a class?
#
# The paper counts specialised neurons and finds about as many with class rates as without, and nearly as many before
# training. Information was meant as a finer measure of it.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
claims.decide(
    "cross_examination-4",
    risen("class_rates"),
    because="Both measures fall on both sets, by little and in every seed, for the reason above: units become slightly more "
    "selective.",
)

# %% tags=["remove-input"]
claims.stands(
    level["disagreement", "class_rates"] < level["disagreement", "another_order"],
    "class rates change fewer answers than other batches do",
)
claims.stands(
    0 < level["classes", "control"] - level["classes", "class_rates"] < 1, "units fire for slightly fewer classes"
)
Markdown(f"""
They do, a little, and so the count goes down: units fire for {level["classes", "class_rates"]:.1f} classes instead of
{level["classes", "control"]:.1f}, and selectivity goes from {level["selectivity", "control"]:.2f} to
{level["selectivity", "class_rates"]:.2f}. That is a small part of what the loss above does. The network as a whole hardly
notices: it gives other answers than the control for {level["disagreement", "class_rates"]:.1f}% of the test images, and one
that only saw its batches in another order does so for {level["disagreement", "another_order"]:.1f}%.
""")

# %% [markdown]
# ### 5. Does any cure lower redundancy and cost nothing?
#
# Redundancy is here the share of units that can be removed alone at the price of one test image in 2,000. It should
# fall, averaged over both data sets; and accuracy must not be more than half a point lower on either.
# {numref}`fig-cross-examination-price` has both, seed by seed.

# %% tags=["remove-cell"]
FIVE = ("pushed", "fixed_head", "class_rates", "centred", "centred_snnl")
spare = {arm: sides(arm, "removable").groupby("seed").mean() for arm in FIVE}
falls = stats.decide_all(
    {arm: stats.sign(stats.Pairs(*spare[arm].to_numpy().T, "reduced"), -1, unit="points") for arm in FIVE}
)
twins = combinations(wide["removable", "control"].unstack("dataset").to_numpy(), 2)
seeds_apart = np.mean([abs(one - other) for one, other in twins])
claims.stands(
    max(abs(fall.effect) for fall in falls.values()) < seeds_apart, "no cure moves as much as two seeds differ"
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
price = {
    arm: [stats.beyond(pairs(arm, "accuracy", dataset), threshold=-0.5, expected=+1, unit="points") for dataset in SETS]
    for arm in FIVE
}
words = {arm: {falls[arm].verdict, *(side.verdict for side in price[arm])} for arm in FIVE}
cured = [arm for arm in FIVE if words[arm] == {"reproduced"}]
hopeless = all("not reproduced" in words[arm] for arm in FIVE)
word = "reproduced" if cured else "not reproduced" if hopeless else "undecided"
note = "; ".join(f"{NAMES[arm]} {falls[arm].effect:+.1f} ({falls[arm].verdict})" for arm in FIVE)
verdict = stats.Verdict(word, None, None, min(fall.n for fall in falls.values()), "reduced", note=note)
claims.decide(
    "cross_examination-5",
    {"one cure of five": verdict},
    because="No cure moves the mean of removable units by as much as two seeds of a data set differ on average "
    f"({seeds_apart:.0f} points), and all five tests are undecided.",
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Two panels of dots. Changes in removable units scatter between minus and plus twenty-five points around zero for every cure; changes in accuracy between minus one and plus one on MNIST, and several points wide on FashionMNIST."}, "figure": {"caption": "Change in removable units against change in accuracy, each cure beside its control, one dot a seed. In the lower right quarter a cure lowers redundancy and costs nothing; the dashed line is half a point of accuracy.", "name": "fig-cross-examination-price"}}
change = pd.concat(
    pd.DataFrame({metric: np.diff(sides(arm, metric).to_numpy())[:, 0] for metric in ("removable", "accuracy")}).assign(
        cure=NAMES[arm], set=[SETS[name] for name, _ in sides(arm, "accuracy").index]
    )
    for arm in FIVE
)
grid = sns.relplot(change, x="accuracy", y="removable", hue="cure", style="cure", col="set", height=2.8, aspect=1.25)
for axis in grid.axes.flat:
    axis.axhline(0, **style.CHANCE | {"linestyle": "-"})
    axis.axvline(-0.5, **style.CHANCE)
grid.set_titles("{col_name}").set_axis_labels("change in accuracy, points", "change in removable, points")
plt.show()

# %% [markdown]
# ## Do the instruments measure one thing?
#
# Three of them sound like one property: a specialised unit ought not to be removable, and a layer of low frame
# potential ought to have few spare units. {numref}`fig-cross-examination-map` correlates all instruments over all
# networks.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Lower triangle of correlations. Selectivity against classes fired for and against specialised pairs: strongly negative. Frame potential against effective rank: strongly negative. Removable: weak with all."}, "figure": {"caption": "Spearman's correlation between instruments over all networks of a data set, mean of both. The ten versions make most of the spread, so these describe the versions rather than test anything.", "name": "fig-cross-examination-map"}}
ranked = every.groupby("dataset")[list(ONE)].rank().assign(dataset=every.dataset)
maps = [part[list(ONE)].corr() for _, part in ranked.groupby("dataset")]
joint = (sum(maps) / len(maps)).rename(index=ONE, columns=ONE)
figure, axis = plt.subplots(figsize=(7.2, 3.9), layout="constrained")
look = {"cmap": "RdBu", "center": 0, "vmin": -1, "vmax": 1, "annot": True, "fmt": "z.1f", "linewidths": 0.5}
sns.heatmap(joint, mask=np.triu(np.ones(joint.shape, bool)), ax=axis, annot_kws={"size": 7}, cbar=False, **look)
axis.tick_params(axis="x", rotation=40, length=0)
plt.setp(axis.get_xticklabels(), ha="right")
plt.show()

# %% tags=["remove-input"]
of = {
    metric: joint[label].rename(index={label: metric for metric, label in ONE.items()}) for metric, label in ONE.items()
}
claims.stands(of["potential"]["effective_rank"] < -0.8, "frame potential and effective rank are one measure")
claims.stands(of["specialized"]["selectivity"] < -0.4, "specialised pairs fall where selectivity rises")
claims.stands(
    bool(of["removable"].drop("removable").abs().max() < 0.6), "removable units go with no other measure closely"
)
Markdown(f"""
They do not. Frame potential and effective rank are one measure ({of["potential"]["effective_rank"]:.2f}), of how the
rows of weights lie. The count of specialised pairs goes against selectivity ({of["specialized"]["selectivity"]:.2f}):
two names of one property with opposite signs. Which share of units can be removed no instrument tells (no correlation
beyond {of["removable"].drop("removable").abs().max():.1f}). A unit can know one class perfectly and be the fifth to
know it.
""")

# %% tags=["remove-input"]
apart = level.unstack("arm").T
claims.stands(
    apart.distance["pushed"] > 4 * apart.distance["another_order"] and apart.barrier["pushed"] < 0.1,
    "a pushed network is far away, with no ridge between",
)
claims.stands(
    apart.barrier["centred"] > 2 > 0.5 > apart.barrier["another_order"], "a ridge only beside the centred gate"
)
claims.stands(
    apart.disagreement["pushed"] - apart.disagreement["another_order"] < 2.5, "disagreement follows distance hardly"
)
Markdown(f"""
Nor do those of two networks agree. By the control's length a pushed network's first layer lies
{apart.distance["pushed"]:.2f} away from the control's, other batches take it {apart.distance["another_order"]:.2f} and
another seed {apart.distance["another_seed"]:.2f}, with units matched. Yet they disagree about
{apart.disagreement["pushed"]:.1f}, {apart.disagreement["another_order"]:.1f} and
{apart.disagreement["another_seed"]:.1f}% of the images, and the error on the line between rises by
{apart.barrier["pushed"]:.1f}, {apart.barrier["another_order"]:.1f} and {apart.barrier["another_seed"]:.1f} points. The
only ridge worth the name is the one between the two gates ({apart.barrier["centred"]:.1f} points), half as far apart as
the pushed one.
""")

# %% [markdown]
# ## What five papers say together
#
# Which parts are spare? In a layer of 300 units most of them are, whatever is done to it: three in four can go alone,
# and no cure changes that share by as much as two seeds of one set differ on average. What cures change is *how* a
# layer is redundant. The push aligns its rows, the soft nearest neighbor loss makes copies, a fixed classifier moves
# the load to other units.
#
# Does any cure give parts a job of their own? The loss that was made for it does, and a fixed classifier nearly. A job
# of one's own was supposed to make a part indispensable. It does not: with the loss half of the units then repeat
# another, with the fixed classifier hardly any do, and with neither can fewer go alone. That selective units are not
# the important ones has been found before {cite:p}`morcos2018importance`, and that a network made to have them is not
# better for it {cite:p}`leavitt2020selectivity`; here it can be seen why one paper's measure calls them unspecialised.
#
# And no measure stands alone. The count of specialised pairs by itself would have said that the loss destroys what it
# was made to build, the repeated units that it fails, the accuracy that it does nothing. Each is right about the network
# and wrong about the loss.

# %% [markdown]
# ## Provenance

# %% tags=["remove-input"]
Markdown(f"""
{len(every)} runs, {every.seconds.sum() / 3600:.1f} hours of one processor core, stand behind this page, one file each in
`book/records/cross_examination`; weights are not committed, what was read off them is. Networks, lengths of training and
instruments' settings are ours, each a field of `spareparts.cross_examination.Config` or a constant beside the instrument.
All runs of the grid file have their record; this makes a few of them again and compares:

```
python -m spareparts data fetch mnist
python -m spareparts data fetch fashion_mnist
python -m spareparts verify --paper cross_examination --output my_audit.json
```
""")
