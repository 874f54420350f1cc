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
# # Class rates
#
# *Per-weight class-based learning rates via analytical continuation* {cite:p}`anonymous2018class`
#
# A hidden unit that tells cats from dogs might do so sooner if its weights were free to move fast for cats and slowly for
# everything else. The paper gives every weight of a network a learning rate for every class and lets these rates grow
# where the class's gradients are large. It reports more data sets won than lost, on 45 tables of the UCI repository,
# with networks of up to 32 fully connected layers, at no cost once training is over.

# %% tags=["parameters"] mystnb={"code_prompt_show": "The parameters of this chapter"}
DATASETS = ["all"]  # or names, as `python -m spareparts data list` prints them
ACTIVATIONS = ["selu", "relu", "tanh"]
SEEDS = [1]  # the paper has one; our records have more
ARMS = ["untrained", "baseline", "class_rates"]  # or "proof", of Eq. 5-6
CUTOFFS = [10, 20, 30]  # epochs; chosen among on validation
LEARNING_RATES = [0.01]
EPOCHS = 100
# Of the following, none stands for the default; an arm that does not use a setting is run without it, and one that
# none uses is refused.
BATCH_SIZE = []
INITIALIZATION = []  # "lecun", "he", "glorot"
GROUPS = []  # what shares a rate: "classes", "one", "shuffled", "layers", "clusters"
FORM = []  # of what the rates grow by: "sample", "class", "batch"
RESET = []  # "half_epoch", "never"
RATED = []  # "all", "bottom_half", "top_half"
CORRECTED_TABLE = []  # False: yeast and wine-quality-red as Table 1 prints them
MISSING = "list"  # or "run": make the runs that have no record, one on each core
DEMO_EPOCHS = 4
DEMO_SEEDS = [1, 2]
DEMO_RATE_LEARNING_RATE = 1e3  # alpha_mu; the paper has 1e5 for SELU

# %% tags=["runs", "remove-cell"]
import pandas as pd

from spareparts import class_rates, records

grid = {"datasets": DATASETS, "activations": ACTIVATIONS, "seeds": SEEDS, "arms": ARMS, "cutoffs": CUTOFFS}
grid |= {"learning_rates": LEARNING_RATES, "epochs": EPOCHS, "batch_size": BATCH_SIZE}
grid |= {"initialization": INITIALIZATION, "groups": GROUPS, "form": FORM, "reset": RESET, "rated": RATED}
grid["corrected_table"] = CORRECTED_TABLE
plan = class_rates.plan(**grid)
asked = records.load_or_run(plan, class_rates.run, missing=MISSING)
while lower := class_rates.lowered(asked):  # the paper's rule: a tenth of alpha_mu where training did not converge
    again = records.load_or_run(lower, class_rates.run, missing=MISSING)
    plan, asked = plan + lower, pd.concat([asked, again])
    if len(again) < len(lower):
        break

# %% tags=["remove-input", "requested"]
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import torch
from IPython.display import Markdown
from myst_nb import glue
from scipy.stats import binomtest

from spareparts import claims, engine, results, stats, style
from spareparts.class_rates.run import replica, setup

style.use()
METRICS = {"test_accuracy": "test accuracy, %", "specialized": "specialised, %", "largest_rate": "largest rate"}
results.requested(plan, asked, METRICS)

# %% tags=["remove-cell"]
NETS, paired = class_rates.NETS, class_rates.paired
every = records.frame(class_rates.Config)
every = every.assign(net=every.activation.map(NETS))
TUNED = {"arm": "baseline", "tuned": True}


def set_means(pairs, column="difference"):
    """A column averaged over seeds: data sets by activations."""
    return pairs.pivot_table(index="dataset", columns="net", values=column)[list(NETS.values())]


trained = pd.Series(class_rates.converged(every).to_numpy(), index=every.hash)


def judged(pairs):
    """Whether both sides converged, by all records: only some of them hold the entropy of the labels."""
    return pairs.assign(**{f"converged_{end}": pairs[f"hash_{end}"].map(trained) for end in ("first", "second")})


pairs = judged(paired(every))  # alpha_mu by the paper's rule
finite = judged(paired(every[every.rate_learning_rate.isna()]))  # divided only where a number became infinite
change, before = set_means(pairs), set_means(finite)

# %% [markdown]
# ## In one screen


# %% tags=["remove-cell"]
def gained(pairs):
    """The change of accuracy on every data set, mean over activations and seeds."""
    return pairs.groupby("dataset").difference.mean()


everywhere = change.mean(axis=1)
overall, first_try = stats.bootstrap_interval(everywhere), stats.bootstrap_interval(before.mean(axis=1))
without = stats.bootstrap_interval(everywhere.drop("hill-valley"))
by_tuning = paired(every, None, TUNED)
by_rates = pairs.merge(by_tuning[["dataset", "activation", "seed", "epochs"]])  # the same sets, activations and seeds
tuning, rates = gained(by_tuning), gained(by_rates)
tuned, alike = stats.bootstrap_interval(tuning), stats.bootstrap_interval(rates)
apart = stats.bootstrap_interval(gained(paired(every, {}, TUNED)))
plants = tuning.filter(like="plant-").sum() / tuning.sum()
medians = {"all": everywhere.median(), "tuned": tuning.median(), "alike": rates.median()}
printed = class_rates.PUBLISHED_ACCURACY
theirs = {name: float((printed[f"{key}_rated"] - printed[key]).mean()) for key, name in NETS.items()}
wins, losses = ((sign * change.round(6) > 0).sum() for sign in (1, -1))  # sets, for each activation
words = claims.locked("class_rates")
lost = finite[~finite.converged_second & finite.converged_first]
at_chance = lost.test_accuracy_second <= 100 * lost.dataset.map(class_rates.LARGEST_CLASS) + 0.01

# %% tags=["remove-cell"]
claims.stands(bool(at_chance.all()), "networks that did not converge get no more right than the largest class gives")
claims.stands(overall.interval[0] > 0 and overall.mean < 0.5, "class rates gain a fraction of a point on average")
claims.stands(first_try.mean < 0, "without dividing alpha_mu where training did not converge they lose on average")
claims.stands(without.interval[0] > 0, "they do so without Hill-Valley")
nothing = ~pairs.converged_first
claims.stands(
    set(pairs[nothing].dataset) == {"hill-valley"} and nothing[pairs.dataset == "hill-valley"].mean() > 0.5,
    "most baselines learn nothing on Hill-Valley, and all learn elsewhere",
)

# %% tags=["remove-cell"]
claims.stands(tuned.interval[0] > 0 and apart.interval[0] > 0, "on the same sets and seed the learning rate gains more")
claims.stands(alike.interval[0] < 0 < alike.interval[1], "there class rates are not told from no change")
claims.stands(set(by_tuning.seed) == {1}, "the learning rate was chosen with seed 1 alone")
claims.stands(plants > 0.5, "most of what the learning rate gains comes from the plant sets")
claims.stands(
    2 * medians["all"] < overall.mean and 2 * medians["tuned"] < tuned.mean,
    "the median set gains much less than the mean",
)
# That class rates are not told from their controls is guarded where these are compared.
claims.stands(max(theirs.values()) < 0, "the paper's own mean change is negative in all three columns")
answer = (
    f"Class rates raise accuracy by {overall.mean:.2f} points on average over {overall.n} data sets, provided that their "
    f"growth is slowed down until the networks train at all. On the {tuned.n} sets where we also chose the ordinary "
    f"learning rate among three values, that choice raises it by {tuned.mean:.1f} points, and class rates by {alike.mean:.1f}."
)
glue("answer", answer, display=False)

# %% tags=["remove-input"]
Markdown(f"""
**{answer}** (95% intervals: {overall.interval[0]:.2f} to {overall.interval[1]:.2f}; on the {tuned.n} sets, seed 1,
{tuned.interval[0]:.1f} to {tuned.interval[1]:.1f} for the learning rate and {alike.interval[0]:.1f} to
{alike.interval[1]:.1f} for class rates.) A few sets make these means. Without Hill-Valley, where most baselines learn
nothing, the first is {without.mean:.2f} ({without.interval[0]:.2f} to {without.interval[1]:.2f}, n = {without.n}); three
sets of plant leaves make {plants:.0%} of what the learning rate gains. The median set gains {medians["all"]:.2f} points
from class rates; among the {tuned.n} with seed 1, {medians["alike"]:.2f} from class rates and {medians["tuned"]:.2f} from
the learning rate.

The proviso is the paper's own, and easily missed. If $\\alpha_\\mu$, the step size of the rates, is divided only where
numbers overflow, {len(lost)} of {len(pairs)} networks with class rates end at chance although their baselines learn; no
log shows it, and the mean change is {first_try.mean:+.2f} points. Nor do we see that the gain comes from the classes:
on the ten sets on which we tried, one seed, we cannot tell class rates from no rates, from one rate for all classes or
from rates for groups drawn at random. And nearly as many neurons pass the paper's test for specialisation before
training as after it.

The paper counts wins and losses. So counted, class rates win {wins.tanh} of {overall.n} sets with tanh, which chance would
hardly give; with SELU and ReLU the lead is too small to tell. How large wins are it does not say; its own Table 2 has a
mean change below zero in all three columns ({", ".join(f"{value:+.2f} for {name}" for name, value in theirs.items())}
points). Of its {len(words)} claims: {", ".join(f"{count} {word}" for word, count in words.value_counts().items())}. The
[ledger](ledger.ipynb) lists them. {overall.n} of the {len(class_rates.ATTAINABLE)} data sets that can be had have run,
most with {pairs.seed.nunique()} seeds; {{numref}}`fig-class-rates-differences` shows them, [the
details](class_rates_details.ipynb) have every number.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Change of accuracy for every data set, sorted, one panel an activation. Most filled dots lie within one point of zero, on both sides; the outermost are three points below and six above. Open marks far below are networks that had not converged."}, "figure": {"caption": "Test accuracy with class rates minus without, mean over seeds, one mark a data set, sorted. Filled: α_μ divided until training converged. Open: divided only where a number became infinite. The axis is logarithmic beyond one point; dashed: no change.", "name": "fig-class-rates-differences"}}
figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.7), sharey=True, layout="constrained")
for axis, name in zip(axes, change, strict=True):
    order = change[name].sort_values()
    places = np.arange(len(order))
    moved = (before[name] - change[name]).loc[order.index].abs() > 0.05
    axis.plot(places, order, "o", color=style.BLUE, markersize=4)
    axis.plot(places[moved], before[name].loc[order.index][moved], "o", color=style.VERMILION, markersize=4, mfc="none")
    axis.axhline(0, **style.CHANCE)
    axis.set(title=name, xlabel="data sets, sorted", xticks=[])
axes[0].set_yscale("symlog", linthresh=1)
axes[0].set_yticks([-50, -10, -1, 0, 1, 10], ["−50", "−10", "−1", "0", "1", "10"])
axes[0].set_ylabel("change, points")
plt.show()

# %% [markdown]
# ## The idea
#
# **The update.** Let $w$ be one weight, $L$ the loss of one sample, $\alpha$ the learning rate and $y$ the sample's class
# as a one-hot vector. The weight has a vector $\mu_w$ with one entry for each class, and moves by (Eq. 1)
#
# $$ w \to w - \alpha\, (\mu_w^\top y)\, \frac{\partial L}{\partial w}. $$
#
# With $\mu_w = (1, \dots, 1)$ this is gradient descent. $\mu$ is no part of the network, so a gradient with respect to
# it has to be given a meaning first. The paper *continues* the network by the step that it is about to take, to weights
# $z(\alpha) = w - \alpha\, (\mu_w^\top y)\, \partial L / \partial w$ (Eq. 2), and asks how the loss there changes with
# $\mu$. To leading order in $\alpha$ the answer is (Eq. 5)
#
# $$ \frac{\partial L}{\partial \mu_w^j} = -\alpha\, y^j \Big(\frac{\partial L}{\partial w}\Big)^2 + O(\alpha^2),
#    \qquad\text{hence}\qquad
#    \mu_w^j \to \mu_w^j + \alpha_\mu\, \alpha\, y^j \Big(\frac{\partial L}{\partial w}\Big)^2 . $$
#
# Squares are never negative: **the rates only grow**, by a step size $\alpha_\mu$ of their own. They are set to 1 every
# half epoch, and after 10, 20 or 30 epochs (the *cutoff*, chosen on validation rows) dropped.
#
# **For a batch** of $B$ samples the formulas leave a choice. Let $a_i$ be a layer's inputs for sample $i$, $d_i$ the
# gradient of its loss at the layer's outputs, and $\circ$ the product entry by entry. We use
#
# $$ \begin{aligned}
#    G_j &= \frac1B \sum_{i:\, y_i = j} d_i a_i^\top, &
#    \mu^j &\to \mu^j + \alpha_\mu \alpha S_j, \\
#    S_j &= \frac1B \sum_{i:\, y_i = j} (d_i \circ d_i)(a_i \circ a_i)^\top, &
#    W &\to W - \alpha \sum_j \mu^j \circ G_j,
#    \end{aligned} $$
#
# rates first, from the same batch. Two other readings of the square ($S_j$: *sample*), $G_j \circ G_j$ (*class*) and
# $G_j \circ \sum_k G_k$ (*batch*), are exact for networks continued by their class's step or the batch's. All are
# products of matrices: no sample's gradient is stored.
#
# **The comparison.** The *baseline* is the same network with plain gradients, from the same weights, on the same
# batches. The networks are those of the paper's Table 1. Batches of 128 and the initialization are our choice.

# %% [markdown]
# ### Is the growth the gradient that it claims to be?
#
# Where the rates are 1, yes. We continue small networks in double precision, differentiate their loss by $\mu$ and
# compare with what the optimizer adds: in all three readings the remainder shrinks as $\alpha^2$, its ratio to growth
# as $\alpha$. But training does not stay where the rates are 1. The expansion is in powers of $\alpha\mu$, and the
# right panel of {numref}`fig-class-rates-remainders` shows how large that gets.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Left: relative remainder falls in proportion to alpha for three readings. Right: histogram of alpha times the largest rate of each network; more than half of the networks lie above one."}, "figure": {"caption": "Left: length of the remainder of Eq. 5 relative to the growth, networks of three layers on 128 samples of Twonorm, three seeds and activations, one line each. Right: α times the largest rate of each network with class rates (log scale); beyond the dashed line the learning rate of that weight is above 1.", "name": "fig-class-rates-remainders"}}
proofs = every[every.arm == "proof"]
steps = proofs.explode(["step_sizes", "relative_remainders"]).astype(
    {"step_sizes": float, "relative_remainders": float}
)
rated = class_rates.by_rule(every[(every.arm == "class_rates") & (every.protocol == "paper")])
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
lines = {"x": "step_sizes", "y": "relative_remainders", "hue": "form", "units": "hash", "estimator": None}
sns.lineplot(steps, **lines, linewidth=0.7, ax=left)
left.set(xscale="log", yscale="log", xlabel="α", ylabel="remainder / growth")
reach = np.log10(0.01 * rated.largest_rate.astype(float))
sns.histplot(x=reach, hue=rated.net, element="step", fill=False, bins=np.arange(-1.5, 4.1, 0.25), ax=right)
right.axvline(0, **style.CHANCE)
right.set(xlabel="α × largest rate", xticks=range(-1, 5), xticklabels=[f"{10.0**power:g}" for power in range(-1, 5)])
right.set_ylabel("networks")
right.get_legend().set_title("")
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
proofs = proofs.assign(
    order=[
        np.polyfit(np.log(alphas), np.log(np.multiply(alphas, remainders)), 1)[0]
        for alphas, remainders in zip(proofs.step_sizes, proofs.relative_remainders, strict=True)
    ]
)
parts = {}
for form, part in proofs.groupby("form"):
    exact = bool(((part.order - 2).abs() < 0.15).all())
    span = (float(part.order.min()), float(part.order.max()))
    word = "reproduced" if exact else "not reproduced"
    note = "range over seeds and activations"
    parts[form] = stats.Verdict(word, part.order.mean(), span, part.seed.nunique(), "paper", "order", note, level=True)
claims.decide("class_rates-6", parts, because="Shown for the first step after a reset, at μ = 1, and for no other.")

# %% tags=["remove-input"]
beyond = (0.01 * rated.largest_rate > 1).groupby(rated.net).mean()
median = rated.groupby("net").largest_rate.median()
claims.stands(beyond.min() > 0.5, "in most networks of each activation alpha times the largest rate exceeds 1")
Markdown(f"""
In {beyond.min():.0%} to {beyond.max():.0%} of the networks, depending on the activation, some weight's rate makes
$\\alpha\\mu$ larger than 1; the median of the largest rates is {median.min():.0f} to {median.max():.0f}. There the first
order of the expansion says nothing about the next step. Analytical continuation is how the method was found. What it
does along the way is raise learning rates, steeply and for a few weights.
""")

# %% [markdown]
# ### A demonstration that you can change
#
# Twonorm is two normal distributions in 20 dimensions, drawn here from their definition, so nothing is downloaded. One
# network of 8 layers is followed for a few epochs ({numref}`fig-class-rates-growth`). In {numref}`tab-class-rates-demo`
# it is trained by plain descent, with a rate for each
# class, and with one rate for all classes that grows by the same rule. Try the $\alpha_\mu$ of the paper, $10^5$.

# %% mystnb={"image": {"alt": "Quantiles of the rates along training on a log axis: saw teeth, the largest rate up to some thirty times above the median, back to one at every half epoch."}, "figure": {"caption": "The rates of all weights and classes after every step: median, 99th percentile and largest. Each drop is a reset.", "name": "fig-class-rates-growth"}}
common = {"dataset": "generated-twonorm", "epochs": DEMO_EPOCHS}
rate_lr = DEMO_RATE_LEARNING_RATE
with_rates = common | {"arm": "class_rates", "rate_learning_rate": rate_lr}
followed, _ = replica(class_rates.Config(**with_rates), rate_lr=rate_lr)
seen = {}


def read(progress):
    """The quantiles of all rates after this step."""
    layers = progress.replica.optimizer.rates.values()
    rates = torch.cat([rate.ravel() for layer in layers for rate in layer])
    seen[progress.step] = np.quantile(rates.numpy(), [0.5, 0.99, 1])


steps = DEMO_EPOCHS * len(followed.batches)
engine.fit([followed], steps=steps, every=1, callbacks=[read], progress=False)
curves = pd.DataFrame(seen, index=["median", "99th percentile", "largest"]).T
curves.plot(logy=True, figsize=(6, 2.2), xlabel="step", ylabel="rate")
plt.show()

# %% mystnb={"figure": {"caption": "The demonstration: test accuracy, and the $\\alpha_\\mu$ with which it converged.", "name": "tab-class-rates-demo"}}
KINDS = {
    "plain descent": common,
    "a rate a class": with_rates,
    "one rate": with_rates | {"groups": "one"},
}
demo = {
    class_rates.Config(seed=seed, **settings): kind
    for kind, settings in KINDS.items()
    for seed in DEMO_SEEDS
}  # fmt: skip
tried = [
    {
        "seed": config.seed,
        "trained with": demo[config],
        "accuracy, %": result.metrics.get("test_accuracy"),
        "α_μ": result.metrics.get("used_rate_learning_rate"),
    }
    for config, result in class_rates.run(demo, workers=1, progress=False)
]
table = pd.DataFrame(tried).pivot(index="seed", columns="trained with").dropna(axis=1)
table.style.format("{:.2f}", subset="accuracy, %").format("{:g}", subset="α_μ")

# %% [markdown]
# ## Did it train at all?
#
# The paper divides $\alpha_\mu$ by ten "if the network did not converge", and does not say what that means or how often
# it happened. A number that is not finite is one sign. Another is easier to miss: one step with huge rates can kill
# every unit of a layer, after which the network names the largest class for the rest of its training, with a perfectly
# finite loss. We count a network as converged if its training loss at the end is finite and at least 2% below that of
# the best constant prediction, the entropy of the training labels; the rule was fixed before the runs at lower
# $\alpha_\mu$ were made. Hill-Valley stays as it is: there most baselines learn nothing either.
# {numref}`tab-class-rates-converged` counts networks without this rule and with it.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "What the rule for convergence changes.", "name": "tab-class-rates-converged"}}
rule = {"only where infinite": finite, "until it converged": pairs}
rows = {
    (label, name): {
        "networks": len(part),
        "divided": int((part.divisions_second > 0).sum()),
        "learned nothing": int((~part.converged_second & part.converged_first).sum()),
        "mean change, points": part.groupby("dataset").difference.mean().mean(),
        "sets": part.dataset.nunique(),
    }
    for label, frame in rule.items()
    for name, part in frame.groupby("net", sort=False)
}
table = pd.DataFrame(rows).T.rename_axis(["α_μ divided", "network"])
table.style.format("{:.0f}").format("{:+.2f}", subset="mean change, points")

# %% tags=["remove-input"]
moved = (change - before).abs().stack()
sets = sorted({name for name, _ in moved[moved > 0.5].index})
left_over = int((~pairs.converged_second & pairs.converged_first).sum())
claims.stands(
    left_over == 0, "every network with rates converges once alpha_mu is small enough, where its baseline does"
)
claims.stands(len(sets) <= 6, "the rule changes a handful of data sets")
Markdown(f"""
The rule changes {len(sets)} data sets by more than half a point in some column ({", ".join(sets)}), and with them the
chapter's first number: from {first_try.mean:+.2f} to {overall.mean:+.2f} points. Nothing in a log would have shown it.
All runs at a lower $\\alpha_\\mu$ are records of their own beside the first ones.
""")

# %% [markdown]
# ## The paper's Table 2: wins, losses and how large they are
#
# {numref}`tab-class-rates-counts` has the paper's counts of data sets, recomputed from its table (no p is below 0.05),
# and below each ours: seed by seed as in the paper, then with seeds averaged. A tie is an equal number of errors.


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Data sets on which class rates win, lose and tie, the sign test's p and the mean change in points.", "name": "tab-class-rates-counts"}}
def counted(differences):
    """Wins, losses and ties; the two-sided sign test on the first two; the mean."""
    d = pd.Series(differences).round(6)
    wins, losses = int((d > 0).sum()), int((d < 0).sum())
    p = binomtest(wins, wins + losses).pvalue
    return {"won, lost, tied": f"{wins}, {losses}, {len(d) - wins - losses}", "sets": len(d), "p": p, "mean": d.mean()}


rows = {}
for key, name in NETS.items():
    own = pairs[pairs.net == name]
    rows[name, "paper"] = counted(printed[f"{key}_rated"] - printed[key])
    rows |= {(name, f"seed {seed}"): counted(part.difference) for seed, part in own.groupby("seed")}
    rows[name, "seeds averaged"] = counted(change[name])
pd.DataFrame(rows).T.rename_axis(["network", ""]).style.format({"p": "{:.3f}", "mean": "{:+.2f}"})

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How these three are decided"}
signs = {name: counted(change[name]) for name in change}
corrected = stats.holm({name: found["p"] for name, found in signs.items()})
several = pairs[pairs.seed > 1].dataset.unique()  # the smaller sets, which ran first
first_look = stats.holm({name: counted(column.loc[several])["p"] for name, column in change.items()})
close = (
    "With seeds averaged more sets are won than lost, by a lead that tossing coins can give too, over three columns."
)
clear = (
    "With seeds averaged far more sets are won than lost. It took the larger sets to tell (with the {} of several seeds "
    "alone, p is {:.2g} after Holm), and whoever looks twice is misled more often than p says."
)
for number, (name, found) in enumerate(signs.items(), start=1):
    won, lost_sets = int(wins[name]), int(losses[name])
    word = "undecided" if corrected[name] >= 0.05 else "reproduced" if won > lost_sets else "not reproduced"
    note = f"{won} sets won, {lost_sets} lost; sign test, p = {found['p']:.2g}, Holm over three {corrected[name]:.2g}"
    verdict = stats.Verdict(word, won - lost_sets, None, found["sets"], "paper", "sets, won minus lost", note)
    because = close if word == "undecided" else clear.format(len(several), first_look[name])
    display(claims.decide(f"class_rates-{number}", {name: verdict}, because=because))

# %% tags=["remove-cell"]
claims.stands(
    [name for name in change if corrected[name] < 0.05] == ["tanh"] and wins.tanh > losses.tanh,
    "more sets are won with tanh, and with neither of the others is a difference told",
)
claims.stands(min(first_look.values()) > 0.05, "the smaller sets did not tell it")


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
selu = pairs[pairs.net == "SELU"]
selu = selu.assign(p=class_rates.mcnemar_p(selu)).groupby("dataset")[["difference", "p"]]
selu = selu.agg({"difference": "mean", "p": "median"})
better, worse = (int(((selu.p < 0.05) & (sign * selu.difference > 0)).sum()) for sign in (1, -1))
p = binomtest(better, better + worse).pvalue
holm = stats.holm(dict(selu.p))
kept = sum(value < 0.05 for value in holm.values())
word = "undecided" if p >= 0.05 else "reproduced" if better > worse else "not reproduced"
note = f"{better} for, {worse} against (median p over seeds below 0.05); sign test p = {p:.2g}; {kept} after Holm"
verdict = stats.Verdict(word, better - worse, None, len(selu), "paper", "sets, for minus against", note)
claims.decide(
    "class_rates-4",
    {"SELU": verdict},
    because=f"The paper counts 13 for and 6 against, uncorrected; we count {better} and {worse}.",
)


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
def sides(frame):
    """Test accuracy of both sides, averaged over seeds and activations: one pair a data set."""
    means = frame.groupby("dataset")[["test_accuracy_first", "test_accuracy_second"]].mean()
    protocol = "paper" if (frame.protocol == "paper").all() else "reduced"
    return stats.Pairs(*means.to_numpy().T, protocol)


rises = {name: stats.sign(sides(pairs[pairs.net == name]), +1, unit="points") for name in change}
claims.decide("class_rates-8", rises, because="Over so many sets ReLU and tanh gain; SELU is too close to call.")

# %% tags=["remove-cell"]
together = stats.paired_wilcoxon(*sides(pairs)[:2])
base = class_rates.side(every, arm="baseline")
base = base[(base.seed == 1) & base.dataset.isin(printed.index)].pivot(
    index="dataset", columns="net", values="test_accuracy"
)
gap = pd.DataFrame({name: base[name] - printed.loc[base.index, key] for key, name in NETS.items()})
far = gap["tanh"].sort_values().head(2)
claims.stands(
    gap["tanh"].mean() < -2 and abs(gap["SELU"].mean()) < 0.5 and abs(gap["SELU"]).max() > 2,
    "SELU matches the paper on average and not set by set, tanh lies below it",
)
claims.stands(together.p < 0.01, "over all three activations the gain is told from zero")

# %% tags=["remove-input"]
Markdown(f"""
With the three activations averaged, the gain differs from zero: {together.mean_difference:+.2f} points, exact Wilcoxon
p = {together.p:.2g} over n = {together.n} data sets. That test was not planned by the claim, so it decides nothing; the
bold sentence of *In one screen* rests on it.

**Are these the paper's networks?** Only with SELU, on average: over {len(gap)} sets, seed 1, our baselines lie
{gap["SELU"].mean():+.2f} points from the paper's, set by set {gap["SELU"].min():+.1f} to {gap["SELU"].max():+.1f}. With
ReLU they lie {gap["ReLU"].mean():+.2f} off, most on {gap["ReLU"].idxmin()} ({gap["ReLU"].min():+.1f}), with tanh
{gap["tanh"].mean():+.2f}, most on {far.index[0]} ({far.iloc[0]:+.1f}) and {far.index[1]} ({far.iloc[1]:+.1f}). [The
details](class_rates_details.ipynb) try what explains it.
""")

# %% [markdown]
# ## Table 3: neurons that specialise
#
# A hidden neuron is {term}`specialised <specialised neuron>` in a class if a rank-sum test tells its activations on that class from those on all
# others with $p < 10^{-7}$; the table of the paper has the share of such neurons, averaged over classes, with class
# rates and without. It finds the two alike. It does not ask what the share is before training; {numref}`fig-class-rates-shares` does.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Share of specialised neurons after training against the share before training, one panel an activation. Most points lie on or a little above the diagonal, those of two sets far above it; the marks of both arms cover each other."}, "figure": {"caption": "Share of specialised neurons before the first step (horizontal) and after training (vertical), one mark a data set and arm, means over seeds. Dashed: training changed nothing. Sets on which no share but 0 is possible are left out.", "name": "fig-class-rates-shares"}}
able = pairs[pairs.specialized_ceiling_first > 0]
untrained = set_means(every[every.arm == "untrained"], "specialized")
shares = {"baseline": set_means(able, "specialized_first"), "class rates": set_means(able, "specialized_second")}
figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), sharey=True, layout="constrained")
for axis, name in zip(axes, change, strict=True):
    for (label, share), mark in zip(shares.items(), ("o", "x"), strict=True):
        axis.plot(untrained[name].loc[share.index], share[name], mark, label=label, markersize=5, mfc="none")
    axis.plot([0, 100], [0, 100], **style.CHANCE)
    axis.set(title=name, xlabel="before training, %")
axes[0].set_ylabel("after training, %")
axes[0].legend()
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {
    name: stats.within(
        stats.Pairs(shares["baseline"][name].to_numpy(), shares["class rates"][name].to_numpy(), "paper"),
        margin=5.0,
        unit="points",
    )
    for name in change
}
claims.decide(
    "class_rates-5", parts, because="Both arms have about the share that an untrained network has, and a little more."
)

# %% tags=["remove-input"]
start = untrained.loc[shares["baseline"].index].mean()
after = shares["baseline"].mean()
learned = (shares["baseline"] - untrained.loc[shares["baseline"].index]).mean(axis=1).sort_values(ascending=False)
claims.stands(bool((start > 0.8 * after).all()), "nearly as many neurons are specialised before training as after it")
claims.stands(
    learned.iloc[1] > 30 and learned.iloc[2] < 20 and learned.median() < 5,
    "training adds many on two sets, few on most",
)
Markdown(f"""
Averaged over sets, {start.min():.0f} to {start.max():.0f}% of the neurons of an *untrained* network are specialised by
this measure, and {after.min():.0f} to {after.max():.0f}% of a trained one. Training adds many on {learned.index[0]} and
{learned.index[1]} ({learned.iloc[0]:.0f} and {learned.iloc[1]:.0f} points), and {learned.median():.0f} on the median set.
With hundreds of test rows, a random direction in the space of inputs often tells a class apart well enough to pass. So
the agreement of both arms says little about what class rates do to neurons. (The records hold shares, not which neurons.)
""")

# %% [markdown]
# ## What it costs
#
# At inference nothing, by construction: $\mu$ is part of the optimizer, and both arms are the same network. The clock of
# our earlier records, which timed one network after the other while other work ran beside them, cannot tell the two
# apart either.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
layers = {}
for arm in ("baseline", "class_rates"):
    network = setup(class_rates.Config(dataset="generated-twonorm", arm=arm)).network
    layers[arm] = [(name, tuple(weights.shape)) for name, weights in network.state_dict().items()]
same = layers["baseline"] == layers["class_rates"] and bool((pairs.parameters_first == pairs.parameters_second).all())
word = "reproduced" if same else "not reproduced"
verdict = stats.Verdict(
    word, 1.0, None, pairs.seed.nunique(), "paper", "times the operations", "same layers and weights", level=True
)
ratios = pairs.inference_milliseconds_second / pairs.inference_milliseconds_first  # none in records of late
clock = np.log(ratios.dropna()).groupby(pairs.dataset).mean()
timed = stats.paired_wilcoxon(0 * clock, clock)
claims.decide(
    "class_rates-7",
    {"the networks": verdict},
    because=f"The same layers with the same numbers of weights; timed, class rates take {np.exp(clock.median()):.2f} times as "
    f"long on the median set (p = {timed.p:.2f}, n = {timed.n} sets that were timed).",
)

# %% tags=["remove-cell"]
claims.stands(timed.p > 0.05, "the clock does not tell the networks apart")

# %% [markdown]
# ## Is it the classes?
#
# Since $\mu$ only grows, the method also raises learning rates. Three controls tell one from the other: *one rate for
# all classes*, grown by the same rule; *shuffled groups*, as many and as large as the classes but drawn at random; and
# a *tuned baseline*, which may choose its $\alpha$ among three on validation rows. Against the last, class rates get the
# same choice of $\alpha$ beside their three cutoffs. Ten small data sets, three activations, one seed; a full training, but
# not the paper's settings, so **reduced**.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Change of accuracy for each control, one dot a data set with mean and interval; all intervals include zero or lie at it."}, "figure": {"caption": "Accuracy of class rates minus that of each control, one dot a data set (seed 1, means over activations), with mean and 95% interval. Right of the dashed line class rates are better.", "name": "fig-class-rates-controls"}}
CONTROLS = {
    "one rate for all classes": paired(every, {"groups": "one"}),
    "shuffled groups": paired(every, {"groups": "shuffled"}),
    "tuned baseline, both tuned": paired(every, TUNED, {"tuned": True}),
}
dots = pd.concat(
    {name: part.groupby("dataset").difference.mean() for name, part in CONTROLS.items()}, names=["control"]
)
dots = dots.reset_index()
figure, axis = plt.subplots(figsize=(7.5, 2.2), layout="constrained")
sns.stripplot(dots, x="difference", y="control", color=style.SKY, jitter=0.15, ax=axis)
for place, (_, part) in enumerate(dots.groupby("control", sort=False)):
    found = stats.bootstrap_interval(part.difference)
    axis.plot(found.interval, [place, place], color="black")
    axis.plot(found.mean, place, "D", color="black", markersize=4)
axis.axvline(0, **style.CHANCE)
axis.set(xlabel="class rates minus control, points", ylabel="")
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
matter = {name: stats.sign(sides(part), +1, unit="points") for name, part in CONTROLS.items()}
decision = claims.decide(
    "class_rates-9",
    matter,
    because="Class rates beat none of the three; ten sets and one seed do not show that they are equal.",
)
decision

# %% tags=["remove-input"]
spans = {name: stats.bootstrap_interval(gained(part)) for name, part in CONTROLS.items()}
gains = {name: span.mean for name, span in spans.items()}
claims.stands(decision.verdict.verdict != "seen (reduced)", "class rates do not beat all three controls")
claims.stands(max(gains.values()) < 0.5, "class rates beat none of the controls by half a point")
claims.stands(
    all(span.interval[0] < 0 < span.interval[1] for span in spans.values()), "all three intervals include zero"
)
ten = set(CONTROLS["shuffled groups"].dataset)
here = stats.bootstrap_interval(gained(pairs[(pairs.seed == 1) & pairs.dataset.isin(ten)]))
claims.stands(here.interval[0] < 0 < here.interval[1], "on the ten sets class rates are not told from the baseline")
Markdown(f"""
On ten sets we cannot tell rates for classes from rates for random groups ({{numref}}`fig-class-rates-controls`;
{gains["shuffled groups"]:+.2f} points between them) or from a single rate ({gains["one rate for all classes"]:+.2f}).
Where both sides may choose their learning rate, class rates are {gains["tuned baseline, both tuned"]:+.2f} points from
the baseline. All three intervals include zero. So does that of their gain over the plain baseline on these sets
({here.mean:+.2f}, {here.interval[0]:.2f} to {here.interval[1]:.2f}, n = {here.n}): there is no gain here of which to ask
whether it comes from the classes.
""")

# %% [markdown]
# ### Lower layers, and the reset
#
# The paper argues that lower layers profit more, and that the reset is needed. On the ten sets, SELU, each line of
# {numref}`tab-class-rates-parts` compares two kinds of class rates; positive numbers are in favour of the claim.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Class rates with one part changed: mean change of accuracy, and on how many sets.", "name": "tab-class-rates-parts"}}
ABLATIONS = {
    "rates in the lower half rather than the upper": paired(every, {"rated": "top_half"}, {"rated": "bottom_half"}),
    "reset every half epoch rather than never": paired(every, {"reset": "never"}),
}
table = pd.DataFrame(
    {
        name: {
            "change, points": part.groupby("dataset").difference.mean().mean(),
            "better": int((part.groupby("dataset").difference.mean() > 0).sum()),
            "worse": int((part.groupby("dataset").difference.mean() < 0).sum()),
            "sets": part.dataset.nunique(),
            "seeds": part.seed.nunique(),
        }
        for name, part in ABLATIONS.items()
    }
).T
table.style.format("{:.0f}").format("{:+.2f}", subset="change, points")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
ablated = {name: stats.sign(sides(part), +1, unit="points") for name, part in ABLATIONS.items()}
claims.decide("class_rates-10", ablated, because="One seed on ten sets tells neither from no effect.")

# %% [markdown]
# ## Provenance

# %% tags=["remove-input"]
hours = every.seconds.sum() / 3600
Markdown(f"""
{len(every):,} runs, {hours:.0f} hours of one processor core, stand behind this page, one file each in
`book/records/class_rates`. Networks (the paper's Table 1), 100 epochs and $\\alpha = 0.01$ are the paper's; batches of
128, plain SGD, the initializations and the order of the two updates are ours, fields of `spareparts.class_rates.Config`
where they can be changed. `notebooks/sweeps/class_rates.yaml` plans all runs but those at a lowered $\\alpha_\\mu$. The
sweep below makes those that have no record yet, into a folder of your own; `verify` makes a few random records again
and compares every number:

```
python -m spareparts data fetch uci
SPAREPARTS_RECORDS=my_records python -m spareparts sweep notebooks/sweeps/class_rates.yaml
python -m spareparts verify --paper class_rates --output my_audit.json
```
""")
