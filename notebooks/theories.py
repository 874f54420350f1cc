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
# # Redundancy: the theories
#
# Section 2 of the report {cite:p}`heitmann2019redundancy` gathers theories of why a network with more units than it
# needs does not overfit, and often does better. Each names something that the spare units are for: they explore, they
# are lottery tickets, they repeat each other, they stay where they began, they average. All but one of these were
# proposed for a small model on which they can be seen. This page runs the models, with a chance level beside each
# measure, and asks how much of it is left for units of a network on images. [The chapter](redundancy.ipynb) has the
# report's own experiments.

# %% tags=["parameters"] mystnb={"code_prompt_show": "The parameters of this page"}
DEMO_UNITS = [2, 16]  # filters of each sign
DEMO_SAMPLES = 12  # training inputs
DEMO_DIVERSE = 0.9  # share of inputs that hold both patterns of a sign
DEMO_ITERATIONS = 2000

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown

from spareparts import claims, records, redundancy, stats, style

style.use()
every = records.frame(redundancy.Config)
every = every[every.outcome == "finished"].sort_values("seed")


# %% tags=["remove-cell"]
def arrays(run):
    """The arrays beside a record."""
    return records.arrays("redundancy", run.hash)


def replicas(runs, values, *settings):
    """One row for each network of runs that trained many side by side; equal `replica`, equal training set."""
    parts = []
    for _, run in runs.iterrows():
        own = arrays(run)
        part = pd.DataFrame({name: own[name].astype(float) for name in values}).rename_axis("replica").reset_index()
        parts.append(part.assign(**{name: run[name] for name in settings}))
    return pd.concat(parts, ignore_index=True)


def against(values, null=0.0):
    """A measure of each seed beside a number, or beside its null, in pairs; all of these runs are reduced."""
    values = np.asarray(values, dtype=float)
    return stats.Pairs(np.broadcast_to(np.asarray(null, dtype=float), values.shape), values, "reduced")


# %% [markdown]
# ## In one screen

# %% tags=["remove-cell"]
tickets = every[every.experiment.isin(["tickets", "unit_tickets"])]
tickets = tickets.assign(setting=tickets.optimizer.map({"sgd": "SGD, rate 0.03", "adam": "Adam, rate 0.0012"}))
of = {"tickets": "single weights", "unit_tickets": "whole units"}
rounds = pd.concat(
    pd.DataFrame({"kept": 100 * np.array(run.kept), "own": run.rewound, "new": run.resampled}).assign(
        seed=run.seed, setting=run.setting, of=of[run.experiment], whole=run.accuracy
    )
    for _, run in tickets.iterrows()
)

# %% tags=["remove-cell"]
LEAST = {"single weights": 12.5, "whole units": 10.0}  # % kept: the least share of units, and of weights the next to it
all_gains = (rounds.own - rounds.new).groupby([rounds.of, rounds.kept, rounds.setting, rounds.seed]).mean()
gain = pd.concat({of: all_gains.loc[of, kept] for of, kept in LEAST.items()}, names=["of"])
worth = gain.groupby(level=["of", "setting"]).mean()
half = all_gains.loc["single weights", 50].groupby("setting").mean()
claims.stands(bool((gain["single weights"] > 0.5).all()), "own weights beat new ones in every ticket of single weights")
claims.stands(gain["whole units"].min() < 0 < gain["whole units"].max(), "for whole units seeds disagree on the sign")
claims.stands(bool((worth["whole units"].abs() < 0.3).all()), "and on average own units win next to nothing")
claims.stands(half.max() < 0.3, "with half of the weights own values win next to nothing either")

# %% tags=["remove-input"]
Markdown(f"""
**Theories of directions or distances mostly hold; those that give single units a role mostly do not.** The figure shows
the clearest case. A *lottery ticket* is what pruning leaves of a trained network, put back to its first values and
trained again. Where an eighth of the single weights is left, these first values are worth
{worth["single weights"].min():.1f} to {worth["single weights"].max():.1f} points of accuracy over newly drawn ones, a
gain in every seed. Where a tenth of the units is left they are worth {worth["whole units"].max():.1f} on average, and
seeds disagree on the sign. Only scarcity shows it: with half of the weights left, their own values win {half.min():.1f}
to {half.max():.1f} points only.

Wider networks do stay nearer their first weights and do not generalize worse, and students with spare units learn well.
Shuffled labels need more directions. But units do not come to repeat each other more as a layer grows, filters gather
in few directions and not in clusters, removing the largest units never helps, and the student that learns best does not
average: it switches spare units off. All runs here have settings of our own, since the report states none; so no
verdict on this page says more than *seen* or *not seen*.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Accuracy of tickets against the share kept. Single weights: own first values stay near the whole network, new ones fall by two points. Whole units: both curves are the same."}, "figure": {"caption": "Test accuracy of tickets, LeNet on MNIST, 5,000 iterations (reduced), six seeds, one line each. Own: rewound to their first values. New: the same weights or units, drawn anew. Pruned: weights by magnitude, units by norm.", "name": "fig-theories-tickets"}}
long = rounds.melt(["kept", "setting", "of", "seed"], ["own", "new"], "first values", "accuracy")
look = {"hue": "first values", "style": "setting", "units": "seed", "estimator": None, "facet_kws": {"sharex": False}}
grid = sns.relplot(long, x="kept", y="accuracy", col="of", kind="line", height=2.5, aspect=1.3, linewidth=1, **look)
for axis in grid.axes.flat:
    axis.set_xscale("log")
    axis.set_xticks([3, 6, 12, 25, 50], ["3", "6", "12", "25", "50"])
    axis.minorticks_off()
grid.set_titles("{col_name}").set_axis_labels("kept, %", "test accuracy, %")
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {}
for (kind, setting), values in gain.groupby(level=["of", "setting"]):
    if kind == "whole units":
        parts[f"units, {setting}: own less new"] = stats.within(against(values), margin=0.5, unit="points")
    else:
        control = {"threshold": 0.5, "expected": +1, "unit": "points"}
        parts[f"weights, {setting}: own less new"] = stats.beyond(against(values), **control)
mean, *interval = stats.difference(against(all_gains.loc["whole units", 25, "SGD, rate 0.03"]))
quarter = "{:+.2f}, {:+.2f} to {:+.2f}".format(mean, *interval)
claims.stands(mean < 0.5 < max(interval), "at a quarter of the units it stays open with SGD")
claims.decide(
    "redundancy-8",
    parts,
    because="Decided where a tenth of the units and an eighth of the weights is kept. Whole units are equal within half "
    "a point with both optimizers; in single weights, the control, own values win more than that. With more kept, the "
    f"control wins less, at half of the weights next to nothing; of units, a quarter with SGD stays open ({quarter}).",
)

# %% [markdown]
# Frankle and Carbin {cite:p}`frankle2019lottery` found {term}`tickets <lottery ticket>` of weights; Liu et al.
# {cite:p}`liu2019rethinking` disputed them for larger learning rates and for whole units. At the rates that we tried
# ({numref}`fig-theories-tickets`) they are right about units; of the rate we see nothing: own values win with SGD at
# 0.03 as with Adam at 0.0012.
#
# ### Do winning weights sit in few units?
#
# The report asks it and leaves it open. If survivors were drawn by lot from all weights of a layer, their numbers per
# unit would follow a multivariate hypergeometric law; *dispersion* in {numref}`tab-theories-tickets` is their variance over that of the law.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Where the last 3% of the weights sit in layers fc1 and fc2: mean (SD) over seeds.", "name": "tab-theories-tickets"}}
weights = tickets[tickets.experiment == "tickets"]
last = {
    (layer, run.setting, run.seed): {name: run[f"{layer}_{name}"][-1] for name in ("dispersion", "p_value", "empty", "expected_empty")}
    for _, run in weights.iterrows()
    for layer in ("fc1", "fc2")
}  # fmt: skip
last = pd.DataFrame(last).T.rename_axis(["layer", "setting", "seed"])
table = last.assign(empty=100 * last["empty"], by_lot=100 * last.expected_empty)
table = table.groupby(["layer", "setting"])[["dispersion", "empty", "by_lot"]].agg(stats.mean_sd)
table.rename(columns={"empty": "units without survivors, %", "by_lot": "by lot, %"})

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {}
for (layer, setting), part in last.groupby(level=["layer", "setting"]):
    parts[f"{layer}, {setting}"] = stats.beyond(
        against(part.dispersion), threshold=1.0, expected=+1, unit="times the law"
    )
largest = last.p_value.max() * len(last)
claims.stands(largest < 0.05, "every single layer is more dispersed than the law, corrected over all of them")
claims.decide(
    "redundancy-13",
    parts,
    because=f"Survivors of pruning gather in some units in every layer, setting and seed; each of the {len(last)} layers "
    "on its own is beyond all of 999 draws by lot.",
)

# %% [markdown]
# So single weights that win do sit together. It does not follow that whole units should win: units were kept by norm,
# not by how many such weights they hold, and drawn anew they are just a smaller network.
#
# ## XORD: does a large layer explore?
#
# Brutzkus and Globerson {cite:p}`brutzkus2019why` build a task on which one can see why a large layer might generalize
# better. An input is a row of ten pairs of $\pm 1$; it is positive if any pair holds the same value twice, so there are
# two positive patterns and two negative ones. A layer has $k$ filters $w_i \in \mathbb{R}^2$ for each sign and answers
#
# $$ N(x) = \sum_{i \le k} \max_j \mathrm{relu}\langle w_i, x_j \rangle - \sum_{i > k} \max_j \mathrm{relu}\langle w_i,
#    x_j \rangle, $$
#
# trained by a hinge loss on $n$ inputs. A small layer, they argue, can fit its inputs without having found all four
# patterns, and errs on inputs that show the one it missed; a large layer has a filter near every pattern before
# training begins. How much that matters depends on how often an input is *diverse*, that is, holds both patterns of a
# sign. Their theorems are about inputs that nearly always are; the runs below have one half, where with a hundred
# inputs no layer that missed a pattern fits, and with six nearly all that fit have missed one. Try others in the
# demonstration.
#
# ### A demonstration that you can change
#
# A hundred layers of each size, trained side by side, each on inputs of its own ({numref}`tab-theories-demo`).

# %% mystnb={"figure": {"caption": "The demonstration: layers that fit, their test error, and the patterns that they found.", "name": "tab-theories-demo"}}
settings = {
    "experiment": "xord",
    "train_samples": DEMO_SAMPLES,
    "diverse": DEMO_DIVERSE,
    "iterations": DEMO_ITERATIONS,
}
demo = [redundancy.Config(**settings, units=units) for units in DEMO_UNITS]
done = redundancy.run(demo, progress=False, workers=1)
table = pd.DataFrame({config.units: result.metrics for config, result in done})
found = {
    "fitted": "layers that fit",
    "fitted_test_error": "test error of these, %",
    "fitted_found": "patterns found",
}
table.loc[list(found), DEMO_UNITS].T.rename(columns=found).rename_axis("k").round(1)

# %% [markdown]
# The recorded runs, at one half diverse, go from 6 to 100 training inputs and from 2 to 120 filters of each sign; {numref}`fig-theories-xord` shows the smallest and the largest layer.

# %% tags=["remove-cell"]
xord = every[(every.experiment == "xord") & every.iterations.isna() & (every.diverse == 0.5)]
VALUES = ("train_error", "test_error", "found", "explored")
layers = replicas(xord, VALUES, "diverse", "train_samples", "units")
layers = layers.assign(fitted=layers.train_error == 0)
SMALL, LARGE = 2, 120
sides = [layers[(layers.units == units) & layers.fitted] for units in (SMALL, LARGE)]
pairs = sides[0].merge(sides[1], on=["diverse", "train_samples", "replica"], suffixes=("_small", "_large"))
means = pairs.groupby(["diverse", "replica"]).mean(numeric_only=True)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Share of layers that fit and test error of those that fit, against the number of training inputs, for small and large layers."}, "figure": {"caption": "XORD: layers of 2 and of 120 filters of each sign, 100 of each on training sets of their own. Left: share that fit. Right: error, over all inputs of the distribution they were trained on, of those that fit; bars: two standard errors.", "name": "fig-theories-xord"}}
two = layers[layers.units.isin([SMALL, LARGE])].assign(
    k=layers.units.astype(int).astype(str), fit=100.0 * layers.fitted
)
figure, axes = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
look = {"x": "train_samples", "hue": "k", "marker": "o", "err_style": "bars"}
sns.lineplot(two, y="fit", ax=axes[0], errorbar=None, **look)
sns.lineplot(two[two.fitted], y="test_error", ax=axes[1], errorbar=("se", 2), legend=False, **look)
for axis, label in zip(axes, ("layers that fit, %", "test error of those, %"), strict=True):
    axis.set(xscale="log", xlabel="training inputs", ylabel=label, ylim=(0, None))
    axis.set_xticks([6, 12, 25, 100], ["6", "12", "25", "100"])
    axis.minorticks_off()
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {}
for diverse, part in means.groupby(level="diverse"):
    for metric, sign, unit in (("test_error", -1, "points"), ("found", +1, "of 4 patterns")):
        name = f"{diverse:.0%} diverse, {metric.replace('_', ' ')}"
        parts[name] = stats.sign(against(part[f"{metric}_large"], part[f"{metric}_small"]), sign, unit=unit)
claims.decide(
    "redundancy-9",
    parts,
    because="Of layers that fit the same inputs the large one errs less and has found more patterns, by a little; with a "
    "hundred inputs neither errs at all.",
)

# %% tags=["remove-input"]
same = (pairs.test_error_small == pairs.test_error_large).mean()
spread = layers.groupby("units").explored.mean()
claims.stands(same > 0.6, "in most pairs both layers err alike")
missed = (layers[layers.fitted].found < 4).groupby(layers.train_samples).mean()
claims.stands(
    missed[100] == 0 and missed[6] > 0.8, "with a hundred inputs what fits has found all, with six hardly any"
)
large = layers[layers.fitted & (layers.units == LARGE) & (layers.train_samples == 6)]
lost = (large.found < 4).mean()
claims.stands(lost > 0.5, "large layers fit six inputs without finding all patterns")
claims.stands(spread[LARGE] > 3.9 > 2.5 > spread[SMALL], "large layers begin with a filter near every pattern")
Markdown(f"""
The mechanism is as described: before training a layer with {LARGE} filters of each sign has one near
{spread[LARGE]:.1f} of the four patterns, a layer with {SMALL} near {spread[SMALL]:.1f}. Yet of {len(pairs)} cases in
which both fit the same inputs, {same:.0%} err alike, and large layers too fit without finding everything: of those that
fit six inputs {lost:.0%} miss a pattern. (The test averages over the four sizes of sets: in n = {len(means)} of 100
pairs both ever fit.) The larger difference is the one on the left: small layers mostly do not fit at all. Training sets
that they fit are the easy ones, so the test, unlike the figure, takes only sets that both sizes fit.
""")

# %% [markdown]
# ### Filters on images
#
# The same authors train a large convolution on MNIST, group its filters around four centres and find trained filters
# closer to their centre than untrained ones. But a layer with a few large directions has small angles even without
# clusters; random filters with the spectrum of the trained ones show how small ({numref}`tab-theories-filters`).

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Degrees between filters and the nearest of four centres: mean (SD).", "name": "tab-theories-filters"}}
filters = every[every.experiment == "filters"]
KINDS = {
    "trained_angle": "trained",
    "untrained_angle": "untrained",
    "spectrum_angle": "random, spectrum of the trained",
    "centred_angle": "trained, mean removed",
    "untrained_centred_angle": "untrained, mean removed",
}
table = pd.DataFrame(
    {f"degrees to the nearest of 4 centres (SD), n = {len(filters)}": filters[list(KINDS)].agg(stats.mean_sd)}
)
table.T.rename(columns=KINDS)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
claims.decide(
    "redundancy-4",
    {
        "trained less untrained": stats.sign(
            against(filters.trained_angle, filters.untrained_angle), -1, unit="degrees"
        ),
        "the same, means removed": stats.sign(
            against(filters.centred_angle, filters.untrained_centred_angle), -1, unit="degrees"
        ),
    },
    because="Trained filters lie nearer to four centres, and no nearer than random filters of the same spectrum: the "
    "claim is true of directions and says nothing of clusters.",
)

# %% tags=["remove-input"]
nearer = filters.trained_angle - filters.spectrum_angle
claims.stands(nearer.mean() > 0, "random filters of the same spectrum lie nearer to their centres than trained ones")
Markdown(f"""
Training brings the filters {(filters.untrained_angle - filters.trained_angle).mean():.0f} degrees nearer to their
centres. Random filters with the same singular values are nearer still, by {nearer.mean():.1f} degrees.
""")

# %% [markdown]
# ## Removable and repeated units
#
# Casper et al. {cite:p}`casper2019removable` count units whose loss costs hardly any accuracy, and units whose output is
# highly correlated with another's, and find that both shares grow with the width of a layer. Both need a threshold, so
# we sweep it; and among more units there are more alike by chance, so *untrained* networks of each width stand beside ({numref}`fig-theories-units`).

# %% tags=["remove-cell"]
wide = every[every.experiment == "width"].astype({"width": int})
share = pd.concat(
    pd.DataFrame({"kind": kind, "state": state, "share": 100 * np.mean(run[f"{state}_{kind}"]), "width": run.width, "seed": run.seed}, index=[0])
    for _, run in wide.iterrows()
    for kind in ("removable", "repeated")
    for state in ("trained", "untrained")
)  # fmt: skip
decades = np.log10(wide.width.max() / wide.width.min())


def slope(table, column):
    """The slope of a column against log10 of the width, one for each seed."""
    table = table.astype({"width": float})
    return table.groupby("seed").apply(lambda part: np.polyfit(np.log10(part.width), part[column], 1)[0], include_groups=False)  # fmt: skip


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Shares of removable and repeated units against width, trained and untrained. Removable ones rise from forty to ninety-seven per cent; repeated ones of trained networks do not rise, those of untrained ones do."}, "figure": {"caption": "LeNet's first layer by its width, 1,000 images of MNIST, n = 8 seeds (reduced): units that can go and units that repeat another, each share a mean over its thresholds (a loss of 0 to 1 points; a correlation of 0.5 to 0.95). Bands: one standard deviation over seeds.", "name": "fig-theories-units"}}
grid = sns.relplot(share, x="width", y="share", hue="state", col="kind", kind="line", errorbar="sd", marker="o", height=2.3, aspect=1.3)  # fmt: skip
for axis in grid.axes.flat:
    axis.set_xscale("log")
    axis.set_xticks([30, 100, 300, 1000, 3000], ["30", "100", "300", "1,000", "3,000"])
    axis.minorticks_off()
grid.set_titles("{col_name} units").set_axis_labels("width", "share of units, %")
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
rise = {key: slope(part, "share") for key, part in share.groupby(["kind", "state"])}
parts = {}
for kind in ("removable", "repeated"):
    trained, untrained = rise[kind, "trained"], rise[kind, "untrained"]
    parts[f"{kind}: rise with width"] = stats.sign(against(trained), +1, unit="points a tenfold width")
    parts[f"{kind}: more than untrained"] = stats.sign(against(trained, untrained), +1, unit="points a tenfold width")
claims.decide(
    "redundancy-7",
    parts,
    because="Removable units emerge with width, more than in untrained networks. Repeated ones do not: their share rises "
    "in untrained networks only, where more units are more alike by chance.",
)

# %% [markdown]
# (In an untrained network most units can go because it has hardly any accuracy to lose. For removable units, then, ask
# how the lines rise and not which lies higher.)
#
# ### Distance from initialization
#
# Neyshabur et al. {cite:p}`neyshabur2018towards` find wider networks closer to their first weights. The same networks
# ({numref}`tab-theories-distance`) all fit their 1,000 training images exactly and stop there, wide ones sooner.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Networks that fit their training images, by width: distances from the first weights and the gap to test accuracy, mean (SD).", "name": "tab-theories-distance"}}
shown = {
    "fc1_distance": "distance of the layer",
    "fc1_unit_distance": "of a unit",
    "gap": "gap, points",
    "steps": "steps until all are fitted",
}
wide.groupby("width")[list(shown)].agg(stats.mean_sd).rename(columns=shown).rename_axis(
    f"width, n = {wide.seed.nunique()}"
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
claims.stands(bool((wide.train_error == 0).all()), "every network fits its training images")
claims.decide(
    "redundancy-11",
    {
        "distance falls": stats.sign(against(slope(wide, "fc1_distance")), -1, unit="a tenfold width"),
        "gap does not rise": stats.beyond(
            against(slope(wide, "gap")), threshold=0.5, expected=-1, unit="points a tenfold width"
        ),
    },
    because="Wider layers stay nearer their start, as a whole and unit by unit, and their gap gets smaller.",
)

# %% [markdown]
# ## Teacher and student
#
# With images nobody knows how large a network is needed. With a teacher one does: a network with two hidden units labels
# random inputs, with noise, and a student with as many or more learns from each input once. Goldt et al.
# {cite:p}`goldt2019dynamics` show that a larger student gets worse where only its first layer is trained, and not where
# both layers are, and read the latter as *averaging*: several units share the work of one of the teacher's.
#
# The work of the student's unit $k$ for the teacher's unit $m$ is $p_{km} = v_k R_{km}$, its output weight times the
# overlap of both weight vectors. How many of $K$ share it? The participation ratio
# $(\sum_k p_{km})^2 / \sum_k p_{km}^2$ tells: $K$ if all do the same, 1 if one does all, and nearly 0 if large parts
# cancel. With absolute values in place of the $p_{km}$, units that cancel each other count as sharing too.
# {numref}`fig-theories-students` shows error and sharing.

# %% tags=["remove-cell"]
students = every[(every.experiment == "teacher_student") & (every.noise == 0.1)]
rows = []
for _, run in students.iterrows():
    own = arrays(run)
    work = own["outputs"].astype(float)[:, :, None] * own["teacher_overlaps"]
    squares = (work**2).sum(1)
    table = {"error": own["error"], "sharing": (work.sum(1) ** 2 / squares).mean(1)}
    table |= {"absolute": (np.abs(work).sum(1) ** 2 / squares).mean(1), "largest": (work.max(1) / work.sum(1)).mean(1)}
    trained = {"both": "both layers", "first": "first layer"}[run.layers]
    rows.append(pd.DataFrame(table).assign(units=int(run.units), trained=trained).rename_axis("replica").reset_index())
pupils = pd.concat(rows, ignore_index=True)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Error and number of sharing units against the student's units. First layer trained: error grows tenfold and signed sharing falls below one half. Both layers: error falls slightly, sharing stays near one."}, "figure": {"caption": "Students of two-unit teachers, n = 20 teachers, 100,000 inputs (reduced). Left: generalization error, a dot a student, lines through medians. Right: units that share the work of a teacher's unit, means with bands of one standard deviation; dashed: one unit.", "name": "fig-theories-students"}}
figure, axes = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
sns.stripplot(pupils, x="units", y="error", hue="trained", dodge=True, size=3, alpha=0.5, ax=axes[0], native_scale=True)
sns.lineplot(pupils, x="units", y="error", hue="trained", estimator="median", errorbar=None, ax=axes[0], legend=False)
sns.lineplot(pupils, x="units", y="sharing", hue="trained", errorbar="sd", marker="o", ax=axes[1], legend=False)
axes[0].set(yscale="log", xlabel="units of the student", ylabel="generalization error")
axes[0].legend(title="")
axes[1].axhline(1, **style.CHANCE)
axes[1].set(xlabel="units of the student", ylabel="units that share")
plt.show()


# %% tags=["remove-cell"]
def power(column, trained):
    """The power of its width with which a student's column grows, one for each teacher."""
    own = np.log(pupils[pupils.trained == trained].pivot(index="units", columns="replica", values=column).astype(float))
    return pd.Series(np.polyfit(np.log(own.index), own.to_numpy(), 1)[0], index=own.columns)


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
widest = pupils[(pupils.units == pupils.units.max()) & (pupils.trained == "both layers")]
claims.decide(
    "redundancy-12",
    {
        "error grows, first layer alone": stats.sign(
            against(power("error", "first layer")), +1, unit="power of the width"
        ),
        "error does not grow, both layers": stats.sign(
            against(power("error", "both layers")), -1, unit="power of the width"
        ),
        "at least two units share, both layers": stats.beyond(
            against(widest.sharing), threshold=2.0, expected=+1, unit="units"
        ),
    },
    because="Errors go as claimed. But the wide student that learns well does not average: one unit does the work of each "
    "of the teacher's, and the spare ones are switched off.",
)

# %% tags=["remove-input"]
first = pupils[(pupils.units == pupils.units.max()) & (pupils.trained == "first layer")]
typical = power("error", "both layers").median()
claims.stands(widest.largest.mean() > 0.7 and widest.sharing.mean() < 2, "one unit carries most, with both layers")
stuck = pupils[(pupils.units == 2) & (pupils.trained == "both layers") & (pupils.error > 0.01)]
claims.stands(len(stuck) == 2, "two students of two units got stuck")
claims.stands(first.sharing.mean() < 0.6 and first.absolute.mean() > 5, "first layer alone: large parts that cancel")
Markdown(f"""
In the widest student with both layers trained one unit carries {widest.largest.mean():.0%} of each teacher unit, and
{widest.sharing.mean():.1f} share it. Where the first layer alone is trained nothing can be switched off: by absolute
values {first.absolute.mean():.1f} units share, but their parts are large and of both signs, and in sum the ratio is
{first.sharing.mean():.1f}. That is no averaging either: the units cancel. With both layers the error goes as the width
to the power {typical:+.2f} (median; two stuck students of two units make the mean
{power("error", "both layers").mean():+.2f}).
""")

# %% [markdown]
# ## Pruned and trained again
#
# Section 2.3 mentions that removing the *largest* units can lead to better accuracy once the rest is trained on. Here a
# share of LeNet's units goes at once, and what is left is trained for a fifth of the iterations ({numref}`tab-theories-retrained`).

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Points of accuracy against the unpruned network that was trained on as long: mean (SD).", "name": "tab-theories-retrained"}}
retrained = every[every.experiment == "retrain"]
CRITERIA = {"norm_smallest": "smallest norm", "frame_potential_smallest": "smallest contribution", "random": "random"}
CRITERIA |= {"norm_largest": "largest norm", "frame_potential_largest": "largest contribution"}
after = pd.DataFrame(
    {(run.seed, order): values for _, run in retrained.iterrows() for order, values in run.retrained_accuracy.items()},
    index=[f"{share:.0%} gone" for share in retrained.removed.iloc[0]],
).T.rename_axis(["seed", "order"])
lost = after.sub(retrained.set_index("seed").unpruned_accuracy, axis=0, level="seed")
table = lost.groupby("order").agg(stats.mean_sd).rename(CRITERIA).reindex(CRITERIA.values())
table.rename_axis(f"points against the unpruned network, trained on as long (SD), n = {len(retrained)}")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
sides = after.unstack("order")
claims.decide(
    "redundancy-10",
    {
        share: stats.beyond(
            against(sides[share, "norm_largest"], sides[share, "norm_smallest"]),
            threshold=-0.1,
            expected=+1,
            unit="points",
        )
        for share in after.columns
    },
    because="Largest first ends below smallest first, and below the unpruned network, at every share; an effect of "
    "0.3 points is larger than the 0.1 points, ten images, that we let count as equal.",
)

# %% tags=["remove-input"]
claims.stands(bool((lost.xs("norm_largest", level="order").to_numpy() < 0).all()), "largest first never helps")
Markdown(f"""
It never does: in none of {len(retrained)} networks and at none of four shares does the network without its largest
units catch up with the one that lost nothing.
""")

# %% [markdown]
# ## Labels without meaning
#
# Networks fit shuffled labels, as Zhang et al. {cite:p}`zhang2017understanding` showed; what do they find then? The
# same LeNet learns the same 5,000 images with their labels and with shuffled ones. A network with true labels is best
# after some 4,000 steps; shuffled ones, which tell nothing about other images, are trained for all 50,000. Part of the
# difference may be that length. In {numref}`tab-theories-labels`, $W - Z$ is the change in training, area that under a
# pruning curve.

# %% tags=["remove-cell"]
few = every[(every.experiment == "network") & (every.dataset == "mnist") & (every.train_samples == 5000)]
LABELS = {
    "true labels, best step": few[~few.shuffled_labels & (few.studied == "best")],
    "true labels, last step": few[~few.shuffled_labels & (few.studied == "last")],
    "shuffled labels": few[few.shuffled_labels],
}

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "What LeNet finds with true and with shuffled labels: mean (SD) over seeds.", "name": "tab-theories-labels"}}
shown = {
    "train_accuracy": "training accuracy, %",
    "train_area_norm_smallest": "area, smallest norm first",
    "train_area_random": "area, random",
    "update_effective_rank": "effective rank of W − Z",
    "update_stable_rank": "stable rank of W − Z",
}
pd.DataFrame({f"{name}, n = {len(runs)}": runs[list(shown)].agg(stats.mean_sd) for name, runs in LABELS.items()}).T.rename(columns=shown)  # fmt: skip

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
early, true, shuffled = LABELS.values()
sides = true.merge(shuffled, on="seed", suffixes=("_true", "_shuffled"))
ratio = sides.update_effective_rank_shuffled / sides.update_effective_rank_true
areas = against(sides.train_area_norm_smallest_shuffled, sides.train_area_norm_smallest_true)
claims.decide(
    "redundancy-16",
    {
        "training accuracy less 100": stats.beyond(
            against(shuffled.train_accuracy, 100), threshold=-1, expected=+1, unit="points"
        ),
        "effective rank over that of true labels": stats.beyond(
            against(ratio), threshold=1.1, expected=+1, unit="times"
        ),
        "area less that of true labels": stats.beyond(areas, threshold=-0.5, expected=-1, unit="points"),
    },
    because="Shuffled labels are fitted with more directions and leave fewer units to spare than true ones after as many "
    "steps.",
)

# %% tags=["remove-input"]
ranks = {name: runs.update_effective_rank.mean() for name, runs in LABELS.items()}
longer = ranks["true labels, last step"] - ranks["true labels, best step"]
claims.stands(0 < longer < 0.2 * (ranks["shuffled labels"] - ranks["true labels, best step"]), "length is a small part")
Markdown(f"""
Length is a small part of the difference. Followed to the last step, true labels go from {ranks["true labels, best step"]:.0f} to
{ranks["true labels, last step"]:.0f} effective directions; shuffled ones take {ranks["shuffled labels"]:.0f}.
""")

# %% [markdown]
# ## Provenance

# %% tags=["remove-input"]
used = pd.concat([tickets, xord, filters, wide, students, retrained, few])
Markdown(f"""
{len(used)} runs, {used.seconds.sum() / 3600:.1f} hours of one processor core, stand behind this page, all reduced: the
report states no settings for them. A run of XORD trains 100 layers, one of teacher and student 20. They stand in
`book/records/redundancy`; [the details](redundancy_details.ipynb) list them.
""")
