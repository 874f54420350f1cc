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
# # Distancing
#
# *Pushing a network away from its checkpoints* {cite:p}`vonbachmann2020distancing`
#
# Training ends somewhere among the weights, and mostly nobody asks what lies elsewhere. This thesis does. It trains a
# network, leaves a *checkpoint* where it stands, and puts a hill on that place in the loss, so that the network rolls
# away and has to settle somewhere else. Does it find another solution there, and what does that cost? And do the
# networks that were left on the way make a better ensemble, since what is far apart might err differently? The draft at
# hand breaks off before its results; its author has published his final text and the curves of his runs.

# %% tags=["parameters"] mystnb={"code_prompt_show": "The parameters of this chapter"}
EXPERIMENTS = ["journey"]  # or others of distancing.EXPERIMENTS: pair, ensemble, cost, ridge
NETWORKS = ["mlp"]  # or others of distancing.NETWORKS
DATASETS = []  # none: what each network was trained on
SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
STRENGTH = [0.0, 1.0]
# Of the following, none stands for the thesis's own choice; the meaning of each stands in distancing.Config.
WIDTH = []
EPOCHS = []
CHECKPOINT = []
CHECKPOINTS = []
REDUCTION = []
HALVED_EXPONENT = []
WEIGHT_DECAY = []
LEARNING_RATE = []
SCHEDULE = []
PERIOD = []
PER_BATCH = []
BATCH_SIZE = []
AUGMENT = []
TRAIN_SAMPLES = []
PRECISION = []
OTHER = []
KIND = []
MEMBERS = []
MISSING = "list"  # or "run": make the runs that have no record
DEMO_EPOCHS = 40
DEMO_STRENGTHS = [0.0, 100.0, 300.0]

# %% tags=["runs", "remove-cell"]
from spareparts import distancing, records

named = {"experiments": EXPERIMENTS, "networks": NETWORKS, "datasets": DATASETS, "seeds": SEEDS}
push = {"strength": STRENGTH, "width": WIDTH, "reduction": REDUCTION, "halved_exponent": HALVED_EXPONENT}
time = {"epochs": EPOCHS, "checkpoint": CHECKPOINT, "checkpoints": CHECKPOINTS}
rates = {"learning_rate": LEARNING_RATE, "schedule": SCHEDULE, "period": PERIOD, "per_batch": PER_BATCH}
training = {"weight_decay": WEIGHT_DECAY, "batch_size": BATCH_SIZE, "augment": AUGMENT, "precision": PRECISION}
networks = {"train_samples": TRAIN_SAMPLES, "other": OTHER, "kind": KIND, "members": MEMBERS}
plan = distancing.plan(**named, **push, **time, **rates, **training, **networks)
asked = records.load_or_run(plan, distancing.run, missing=MISSING)

# %% tags=["remove-input", "requested"]
import functools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import Markdown
from myst_nb import glue

from spareparts import claims, results, stats, style

style.use()
METRICS = {"late_accuracy": "accuracy, %", "train_loss": "training loss, nats", "weight_norm": "length of the weights"}
results.requested(plan, asked, METRICS)

# %% tags=["remove-cell"]
SHORT, LONG = "MLP, 40 epochs", "MLP, 600 epochs"
standard = functools.partial(records.matching, config=distancing.Config)  # the rest at its default
every = records.frame(distancing.Config)
every = every[every.outcome == "finished"]
every = every.assign(
    distance=[value[0] if isinstance(value, list) else value for value in every.squared_distance],
    pushed=np.where(every.strength > 0, "pushed", "not pushed"),
)
both = {"strength": [0.0, 1.0]}
usual = standard(every, **both)
long = standard(every, **both, epochs=600, checkpoint=100)
digits = {"dataset": "digits", "learning_rate": 0.1, "epochs": 1800, "checkpoint": 200}
SIDES = ("not pushed", "pushed")


# %% tags=["remove-cell"]
def readings(run):
    """Where a journey is after its first checkpoint, and what draws it outwards along the displacement."""
    found = records.arrays("distancing", run.hash)
    since = np.isfinite(found["squared_distance"][:, 0])
    names = ("epoch", "accuracy", "weight_norm", "alignment", "loss_gradient_norm", "push_norm")
    curve = pd.DataFrame({name: found[name][since].astype(float) for name in names})
    curve["distance"] = found["squared_distance"][since, 0].astype(float)
    product = (curve.weight_norm[0] ** 2 + curve.weight_norm**2 - curve.distance) / 2
    curve["cosine"] = product / (curve.weight_norm[0] * curve.weight_norm)
    curve["push"], curve["loss"] = curve.push_norm, curve.alignment * curve.loss_gradient_norm
    curve["weight decay"] = -run.weight_decay * (curve.weight_norm**2 - product) / np.sqrt(curve.distance)
    return curve.assign(seed=run.seed, pushed=run.pushed)


curves = pd.concat([readings(run) for _, run in long.iterrows()])
FORCES = ["push", "weight decay", "loss"]
ends = curves.groupby(["pushed", "seed"]).tail(10).groupby(["pushed", "seed"]).mean()
mirrored, kept = ends.loc["pushed"], ends.loc["not pushed"]

# %% [markdown]
# ## In one screen

# %% tags=["remove-cell"]
words = claims.locked("distancing")
pairs = standard(every, experiment="pair", **both, epochs=600, checkpoint=100)
matched = pairs[pairs.strength == 1].matched_error_barrier
accuracy = stats.paired(long, "late_accuracy", strength=(0.0, 1.0))
claims.stands(bool((mirrored.cosine < -0.95).all()), "pushed weights end nearly opposite to those at the checkpoint")
starts = curves.groupby(["pushed", "seed"]).weight_norm.first()
longer = mirrored.weight_norm / starts["pushed"]
claims.stands(bool(longer.between(1.6, 1.8).all()), "pushed weights end 1.7 times as long as at the checkpoint")
claims.stands(bool((kept.cosine > 0.85).all()), "weights that are not pushed stay near those at the checkpoint")
claims.stands(bool((accuracy.second - accuracy.first > -0.2).all()), "no pushed network loses 0.2 points of accuracy")
claims.stands(bool((abs(mirrored.loss) < 0.05 * mirrored.push).all()), "the loss's share in the balance is below 5%")
on = curves[(curves.pushed == "pushed") & (curves.epoch >= 140)]
claims.stands(bool((abs(on.loss) < 0.2 * on.push).all()), "40 epochs after the checkpoint the loss is below a fifth")
claims.stands(bool((matched < 1).all()), "with units matched the line rises by less than a point")

# %% tags=["remove-input"]
answer = (
    f"Given time, the push carries a perceptron's weights to the opposite direction, and further out: after 600 epochs "
    f"their cosine with the checkpoint's is {mirrored.cosine.mean():.2f}, they are {longer.mean():.1f} times as long, and "
    f"accuracy is as before. Where it stops is computed beforehand, from the hill and weight decay alone. No ridge is seen "
    f"on the way: with units in matching order, error on the line between the two rises by {matched.mean():.1f} points."
)
glue("answer", answer, display=False)
Markdown(f"""
**{answer}**

After the first epochs the loss has hardly a say in it. Weight decay pulls towards zero, the hill pushes off the
checkpoint, and both together have one point of rest, on the other side of zero: opposite to the checkpoint, and here
longer than it. We call it the *mirror image*, though a mirror would keep the length. At the end the two cancel, and
what the loss adds is {100 * abs(mirrored.loss).mean() / mirrored.push.mean():.0f}% of either. The networks there are
good ones. Each errs less like its twin that was not pushed than networks from different initial weights err like each
other, and the twins are the better ensemble.

All of this is a perceptron on MNIST, three seeds at this length. The thesis trains MobileNetV2 and ResNet-32 on
CIFAR-10 for 600 epochs, which we could not, so nothing here **settles what happened in its own runs**. Of
its {len(words)} claims: {", ".join(f"{count} {word}" for word, count in words.value_counts().items())}. The
[ledger](ledger.ipynb) lists them. {{numref}}`fig-distancing-mirror` is the figure to remember.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Left: cosine of the weights with the checkpoint's over epochs 100 to 600; without the push it stays near 0.9, with the push it falls to minus 0.97. Right: push and weight decay along the displacement grow, meet and cancel; the loss pulls back at first, then stays near zero."}, "figure": {"caption": "The MLP on MNIST after its checkpoint at epoch 100, one line a seed, n = 3 (reduced). Left: cosine of all weights with those at the checkpoint; -1 is the opposite direction. Right, pushed networks: negative gradients along the displacement from the checkpoint, outwards positive; that of the loss is from minibatches.", "name": "fig-distancing-mirror"}}
figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.1), layout="constrained")
look = {"x": "epoch", "units": "seed", "estimator": None, "linewidth": 1}
sns.lineplot(curves, y="cosine", hue="pushed", hue_order=SIDES, ax=axes[0], **look)
axes[0].axhline(-1, **style.CHANCE)
axes[0].set(ylabel="cosine with the checkpoint")
axes[0].legend(title="")
moved = curves[(curves.pushed == "pushed") & (curves.distance > 0)].melt(["epoch", "seed"], FORCES, "from")
sns.lineplot(moved, y="value", hue="from", palette=style.PALETTE[1:4], ax=axes[1], **look)
axes[1].axhline(0, **style.CHANCE)
axes[1].set(ylabel="negative gradient, outwards")
axes[1].legend(title="", loc="center right", bbox_to_anchor=(1, 0.7))
plt.show()

# %% [markdown]
# ## The idea
#
# A ball that rolls downhill ends in a valley and stays there, even if a deeper one lies behind the next {term}`ridge`. One could
# throw it up the ridge; the thesis would rather fill the valley. Let $\theta$ be all weights of the network and
# $\theta_1, \dots, \theta_C$ those at its checkpoints. To the loss it adds
#
# $$ \frac sC \sum_{c=1}^{C} \exp\Big(-\frac{\lVert \theta - \theta_c \rVert^2}{\sigma^2}\Big), $$
#
# which is a hill on each of them, with the gradient
#
# $$ -\frac{2s}{C\sigma^2} \sum_{c=1}^{C} (\theta - \theta_c)
#    \exp\Big(-\frac{\lVert \theta - \theta_c \rVert^2}{\sigma^2}\Big) . $$
#
# The **strength** $s$ is how high the hill is, the **width** $\sigma^2$ how far it reaches, in squared distance; the
# published values are 1 and 1,000. Exactly at a checkpoint the push is 0, and only because training never stands still
# does the network leave it. Near it, a step with learning rate $\eta$ and momentum $\alpha$ multiplies the displacement
# by $1 + \frac{\eta}{1-\alpha}\frac{2s}{\sigma^2}$, which is 1.0002 at $\eta = 0.01$ and $\alpha = 0.9$. So a thousand
# steps are hardly felt, and short journeys need a large $s$.
#
# ### A demonstration that you can change
#
# A perceptron learns scikit-learn's digits, leaves a checkpoint half-way and goes on with three strengths, large ones,
# since steps are few: the stronger, the further ({numref}`fig-distancing-demo`). Change `DEMO_EPOCHS` and
# `DEMO_STRENGTHS` at the top.

# %% mystnb={"image": {"alt": "Squared distance to the checkpoint and test accuracy over epochs on the digits, one line a strength; stronger pushes lead further."}, "figure": {"caption": "The networks trained just now on digits: squared distance to the checkpoint and test accuracy by strength, one run each.", "name": "fig-distancing-demo"}}
from spareparts.distancing.training import sets_of

settings = {"dataset": "digits", "epochs": DEMO_EPOCHS}
settings["checkpoint"] = DEMO_EPOCHS // 2
tables = []
for strength in DEMO_STRENGTHS:
    config = distancing.Config(**settings, strength=strength)
    sets = sets_of(config, "cpu")
    _, watch, _ = distancing.travel(config, sets, progress=False)
    tables.append(pd.DataFrame(watch.readings).assign(s=f"{strength:g}"))
demo = pd.concat(tables, ignore_index=True)
demo["distance"] = demo.squared_distance.str[0]
figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.4), layout="constrained")
shown = {"distance": "squared distance", "accuracy": "accuracy, %"}
for axis, (metric, label) in zip(axes, shown.items(), strict=True):
    look = {"hue": "s", "legend": metric == "distance", "ax": axis}
    sns.lineplot(demo, x="epoch", y=metric, **look)
    axis.set(ylabel=label)
plt.show()

# %% [markdown]
# ## Further, and as accurate?
#
# Does anything happen at all? Each row of ours in {numref}`tab-distancing-journeys` compares networks (MLP: the
# perceptron) that are equal to the last bit up to the checkpoint; on the journey from there one of these twins is
# pushed. The author's test images were cropped and flipped at random, ours of MNIST were not, so compare within rows
# only. ResNet-20 stands in for ResNet-32, on 5,000 images; its checkpoint is far from trained, so its journey begins at
# no solution and says little.

# %% tags=["remove-cell"]
author = pd.read_csv(claims.BOOK / "reference" / "distancing.csv")
whole = author.groupby(["network", "experiment"]).epochs.transform("max") == author.epochs
author = author[whole].rename(columns={"squared_distance_0": "distance", "validation_accuracy": "late_accuracy"})
published = author[author.experiment.isin(["baseline", "baseline_distance"])]
published = published.assign(pushed=np.where(published.experiment == "baseline", *SIDES))
TITLES = {"mobilenetv2": "MobileNetV2, 600 epochs (author)", "resnet32": "ResNet-32, 600 epochs (author)"}
published = published.assign(journey=published.network.map(TITLES))
resnet = every[(every.experiment == "journey") & (every.network == "resnet_20") & (every.strength != 1)]
journeys = pd.concat(
    [usual.assign(journey=SHORT), long.assign(journey=LONG), resnet.assign(journey="ResNet-20, 40 epochs, s = 10")]
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "How far networks are from their checkpoint at the end, and their test accuracy: mean (SD).", "name": "tab-distancing-journeys"}}
shown = {"distance": "squared distance", "late_accuracy": "accuracy, %"}
lines = pd.concat([published, journeys])
table = lines.groupby(["journey", "pushed"], sort=False)[list(shown)].agg(stats.mean_sd).rename(columns=shown)
table = table.unstack().sort_index(axis=1, ascending=False)
table[("n", "")] = lines.groupby("journey").seed.nunique().where(lambda n: n > 0, 3)  # his runs have no seed
table

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
ahead = lines.groupby(["journey", "pushed"]).late_accuracy.mean().unstack()
claims.stands(bool((ahead.pushed > ahead["not pushed"]).all()), "pushed networks are ahead in every row")
further = {}
for name, part in journeys.groupby("journey", sort=False):
    pair = stats.paired(part, "distance", pushed=SIDES, beside=["strength"])
    times = stats.Pairs(0 * pair.first, pair.second / pair.first, pair.protocol)
    further[name] = stats.beyond(times, threshold=1.1, expected=+1, unit="times the squared distance")
claims.decide("distancing-3", further, because="Every pushed network ends further from its checkpoint than its twin.")

# %% [markdown]
# Pushed networks are ahead in all five rows. As a margin, half a point would do on CIFAR-10, but on MNIST it is a
# quarter of all errors; ours is 0.2, a tenth. No dip after the checkpoint is seen at $s = 1$; at 100 it is deep
# ({numref}`fig-distancing-strengths`, middle).

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Three panels against strength from 0 to 100: squared distance rises to 5,000, lowest accuracy after the checkpoint falls to 91 per cent at strength 100, final accuracy falls by 0.2 to 0.4 points at 10 and by 0.7 to 0.9 at 100."}, "figure": {"caption": "The MLP after 40 epochs with the checkpoint at 20, one dot a seed, n = 10 at s = 0 and 1, else 3 (reduced): squared distance at the end, lowest accuracy after the checkpoint, and accuracy at the end (mean of the last ten readings). Dashed: the shell (see below).", "name": "fig-distancing-strengths"}}
strengths = standard(every, strength=[0.0, 0.1, 1.0, 10.0, 100.0]).sort_values("strength")
strengths = strengths.assign(s=strengths.strength.map("{:g}".format))
panels = {"distance": "squared distance", "lowest_accuracy": "lowest accuracy, %", "late_accuracy": "accuracy, %"}
figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.5), layout="constrained")
for axis, (metric, label) in zip(axes, panels.items(), strict=True):
    sns.stripplot(strengths, x="s", y=metric, ax=axis, size=4, jitter=0.15, color=style.BLUE)
    axis.set(xlabel="strength s", ylabel=label)
for place, strength in enumerate((1.0, 10.0, 100.0), start=2):
    shell = distancing.shell(distancing.Kernel(strength))
    axes[0].hlines(shell, place - 0.4, place + 0.4, **{"color": style.GREY, "linestyles": "--", "linewidth": 1})
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
MARGIN = 0.2  # points of accuracy, a tenth of the errors
cost = {}
for strength in (1.0, 10.0, 100.0):
    part = strengths[strengths.strength.isin([0.0, strength])]
    cost[strength] = stats.paired(part, "late_accuracy", strength=(0.0, strength))
parts = {f"{SHORT}, s = {s:g}": stats.beyond(p, threshold=-MARGIN, expected=+1, unit="points") for s, p in cost.items()}
parts[f"{LONG}, s = 1"] = stats.beyond(accuracy, threshold=-MARGIN, expected=+1, unit="points")
dip = (strengths.accuracy_before - strengths.lowest_accuracy).groupby(strengths.strength).mean()
claims.stands(bool(dip[1.0] < 0.1 and dip[100.0] > 5), "no dip is to be seen at strength 1, and a deep one at 100")
change = {strength: stats.difference(pair)[0] for strength, pair in cost.items()}
claims.stands(change[1.0] > 0, "at strength 1 accuracy does not fall")
claims.stands(max(change[10.0], change[100.0]) < -MARGIN, "strengths of 10 and 100 cost more than the margin")
claims.decide(
    "distancing-4",
    parts,
    because=f"At the published strength nothing is lost; at 10 and 100, which the thesis also uses, {-change[10.0]:.2f} "
    f"and {-change[100.0]:.2f} points are lost, where all errors are two points.",
)

# %% [markdown]
# ## Where it comes to rest
#
# Suppose that the loss were flat. Then only two gradients are left. Near the checkpoint the push takes $2s/\sigma^2$
# times the displacement off the gradient, while weight decay adds $\lambda$ times the weights: at the published values
# the first factor, 0.002, is twice the second. It fades with distance, and falls to $\lambda$ at the **shell**, a
# squared distance of
#
# $$ d = \sigma^2 \ln \frac{2s}{\lambda \sigma^2} . $$
#
# But weight decay does not only act on what has moved. It pulls on the checkpoint's own weights too, towards zero and
# past the hill, so the network slides along the shell until nothing pulls sideways any more. The only stable point of
# rest is on the other side of zero, at $\theta = (1 - u)\, \theta_1$ with $u > 1$ from
#
# $$ \lambda (u - 1) = \frac{2 s}{\sigma^2}\, u\, \exp\Big(-\frac{u^2 \lVert \theta_1 \rVert^2}{\sigma^2}\Big) . $$
#
# That is the **mirror image**, $u - 1$ times as long as the checkpoint. Nothing in these equations knows about images
# or labels. Do networks end there ({numref}`tab-distancing-rests`)?


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Where the push and weight decay balance, and where networks ended: squared distances from the checkpoint. u - 1 and length: how many times as long as the checkpoint the mirror image and the end are.", "name": "tab-distancing-rests"}}
def resting(run):
    """Squared distances of the shell, the mirror image and the end, in one row; cosine and lengths."""
    curve, kernel = readings(run), distancing.kernel_of(run)
    length, last = curve.weight_norm[0], curve.iloc[-1]
    mirror = distancing.mirror(length, kernel, weight_decay=run.weight_decay)
    found = {"shell": distancing.shell(kernel), "mirror image": mirror, "end": last.distance, "cosine": last.cosine}
    return found | {"u - 1": mirror**0.5 / length - 1, "length": last.weight_norm / length}


single = standard(every, strength=..., width=..., epochs=[None, 600], checkpoint=[None, 100])
short = standard(every, epochs=48, checkpoint=12)
single = pd.concat([single, resnet, short, standard(every, **digits)])
single = single[single.strength > 0]
names = single.network.str.replace("_", "-").str.replace("resnet", "ResNet").str.replace("mlp", "MLP")
names = names + np.where(single.dataset == "digits", " on digits", "")
single["journey"] = names + ", " + single.epochs.fillna(40).astype(int).astype(str) + " epochs"
rest = single[["journey", "strength", "width", "seed"]].join(single.apply(resting, axis=1, result_type="expand"))
table = (
    rest.groupby(["journey", "strength", "width"])
    .mean()
    .assign(n=rest.groupby(["journey", "strength", "width"]).size())
)
shown = table.drop(columns="seed").style.format("{:,.0f}").format("{:.2f}", subset=["cosine", "u - 1", "length"])
shown.format_index("{:g}", level=[1, 2])

# %% tags=["remove-cell"]
hills = table[table.shell > 0]
reached, arrived = hills[hills.end > 0.95 * hills.shell], hills[hills.cosine < -0.9]
apart, many = (arrived.end / arrived["mirror image"] - 1).abs(), arrived.n.groupby("journey").sum()
ridge = standard(every, experiment="ridge", **digits)
ways = standard(every, experiment="ridge", **both, epochs=600, checkpoint=100)
stayed, gone = (ways[ways.strength == strength] for strength in (0.0, 1.0))
forces = {name: np.mean(gone[f"{name}_force"].tolist(), axis=0)[0] for name in ("push", "decay", "loss")}
claims.stands(len(arrived) == 2, "two settings have arrived at the mirror image")
claims.stands(0 < len(reached) < len(hills), "some settings have reached their shell and some have not")
claims.stands(bool((apart < 0.02).all()), "the ends lie within two per cent of the mirror image")
off = abs(arrived.length / arrived["u - 1"] - 1)
claims.stands(bool((off < 0.05).all()), "and their lengths within five per cent of the mirror image's")
begins = curves[(curves.pushed == "pushed") & (curves.epoch == 104)].loss
claims.stands(len(begins) == 3 and bool((begins < 0).all()), "at first the loss pulls back")
claims.stands(abs(forces["loss"]) < 0.05 * abs(forces["push"]), "of all images the loss is below 5% of the push")

# %% tags=["remove-input"]
Markdown(f"""
Of {len(table)} settings with a single checkpoint, {len(hills)} have a hill that is anywhere steeper than weight decay.
{len(reached)} of these reached their shell or passed it, and **{len(arrived)} arrived at the mirror image**: the long
journeys, on MNIST (n = {many["MLP, 600 epochs"]:.0f}) and on digits (n = {many["MLP on digits, 1800 epochs"]:.0f}), whose ends lie within
{100 * apart.max():.0f}% of the computed distance and {100 * off.max():.0f}% of the computed length. The others are short. A strength of 10 or 100 moves the shell outwards
and does not hurry what follows, since weight decay drives the slide along it at its own pace.

The figure at the top shows why this works: but for the first epochs after the checkpoint, when it pulls back, the loss
is nearly flat along the way. That is read from minibatches, whose gradients are noisy. With all training images, at the
end of a journey on MNIST (n = {len(gone)}), push and weight decay are {1000 * abs(forces["push"]):.1f} and
{1000 * abs(forces["decay"]):.1f} thousandths against each other, and the loss adds {1000 * abs(forces["loss"]):.1f}.
""")

# %% [markdown]
# ### Is the step longer, or another one?
#
# The thesis expects that the penalty enlarges the step rather than turns it: the whole gradient, loss and push
# together, would point where the loss's own does, with a cosine near 1, and be longer. We ask for an angle below 8°, a
# cosine of 0.99, and 1% more length; both margins are ours. A push that is orthogonal to the loss's gradient cannot
# pass them both, since it lengthens a step only by turning it: if the push is $r$ times as long as the loss's gradient
# and $c$ is their cosine, the whole is $\ell = \sqrt{1 + 2cr + r^2}$ times as long, and turned by
# $\arccos \left((1 + cr) / \ell\right)$. Gradients are those of minibatches. The first reading after the checkpoint,
# where the loss pulls back most, is left out.


# %% tags=["remove-cell"]
def turned(run):
    """How the push changes the loss's gradient: means of all readings from the second after the checkpoint on."""
    curve = readings(run)[2:]
    share = curve.push_norm / curve.loss_gradient_norm
    longer = np.sqrt(1 + 2 * curve.alignment * share + share**2)  # the whole gradient's length over the loss's
    angle = np.degrees(np.arccos((1 + curve.alignment * share) / longer))
    means = {
        "share": 100 * share.mean(),
        "angle": angle.mean(),
        "most": angle.max(),
        "longer": 100 * longer.mean() - 100,
    }
    return pd.Series(means | {"alignment": abs(curve.alignment).max()})


walks = journeys[journeys.strength > 0]
walks = walks[["journey", "protocol"]].join(walks.apply(turned, axis=1))

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
TURN, LONGER = 8, 1  # degrees that the gradient may turn, per cent that it must be longer
brief, lengthy = walks[walks.journey != LONG], walks[walks.journey == LONG]
most, lengthy = lengthy.most.max(), lengthy.mean(numeric_only=True)
few, more = (brief.groupby("journey").share.mean().agg(it) for it in ("min", "max"))
parts = {}
for name, part in walks.groupby("journey", sort=False):
    angle, longer = (stats.Pairs(0 * part[it], part[it], part.protocol.iloc[0]) for it in ("angle", "longer"))
    parts[f"{name}: angle"] = stats.beyond(angle, threshold=TURN, expected=-1, unit="degrees")
    parts[f"{name}: length"] = stats.beyond(longer, threshold=LONGER, expected=+1, unit="%")
claims.decide(
    "distancing-13",
    parts,
    because=f"The push is orthogonal to a minibatch's gradient. In the short journeys it is {few:.0f} to {more:.0f}% as long and "
    f"hardly changes the step at all; over 600 epochs it is {lengthy.share:.0f}% as long, turns it by {lengthy.angle:.0f}° on "
    f"average ({most:.0f}° at most) and lengthens it by {lengthy.longer:.0f}%. Were 18° allowed, a cosine of 0.95, the long journey would pass; the short "
    "ones would still lack the length.",
)

# %% tags=["remove-cell"]
claims.stands(bool((walks.alignment < 0.1).all()), "the push is orthogonal to a minibatch's gradient at every reading")
claims.stands(bool((brief.angle < 4).all() and (brief.longer < 0.2).all()), "short journeys hardly change the gradient")
claims.stands(TURN < lengthy.angle < 18 and lengthy.longer > LONGER, "long ones turn and lengthen it")

# %% [markdown]
# ## Over a ridge?
#
# The thesis hopes that the push carries the network over a ridge into another valley, so that the loss rises on the
# straight line between the two. After 40 epochs it does not rise. After 600 the line climbs to 90% of error, which is
# chance, where the line of a network that was not pushed stays flat. That looks like a mighty ridge, until one
# sees what else has one.

# %% tags=["remove-cell"]
apart = standard(every, experiment="pair", other="independent")
WAYS = {"line": "straight line", "matched": "line, units renamed", "circle": "great circle", "curve": "fitted curve"}
NULLS = {"renamed": "line to itself, renamed", "ray": "only scaled as the line"}
COLOURS = dict(zip(WAYS | NULLS, style.PALETTE, strict=True))


def profiles(runs, way):
    """Test error (%) along a way from the checkpoint, a row a run."""
    kept = [records.arrays("distancing", name).get(f"{way}_errors") for name in runs["hash"]]
    # a pair keeps its ways in the record, from the end to the checkpoint
    return np.array([errors for errors in kept if errors is not None] or runs[f"{way}_errors"].tolist())


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Four panels of test error on the way between two networks. Pushed: about 88 points on line and great circle, under ten on the fitted curve, flat with units renamed. Not pushed: flat. Trained apart: 8 to 21 per cent on the line, flat with units renamed. Last: from a network to itself with its units renamed the line rises to 44 per cent; only scaled, it stays below six."}, "figure": {"caption": "Test error of the MLP on MNIST on the way from a checkpoint (0) to the end (1) of a journey, and between networks from other initial weights (reduced), one line a pair: n = 10 for those trained apart, else 3. In the last panel the way leaves the solution where it is: from the checkpoint to itself with its units in another order, and scaled to the lengths that the line passes.", "name": "fig-distancing-ridge"}}
pushed_pairs, kept_pairs = (pairs[pairs.strength == strength] for strength in (1, 0))
PANELS = {
    "pushed, 600 epochs": [(way, profiles(pushed_pairs, way)[:, ::-1]) for way in ("line", "matched")]
    + [(way, profiles(gone, way)) for way in ("circle", "curve")],
    "not pushed, 600 epochs": [(way, profiles(kept_pairs, way)[:, ::-1]) for way in ("line", "matched")],
    "trained apart, 40 epochs": [(way, profiles(apart, way)) for way in ("line", "matched")],
    "the solution itself": [(way, profiles(gone, way)) for way in NULLS],
}
figure, axes = plt.subplots(1, 4, figsize=(10.5, 3.1), sharey=True, layout="constrained")
for axis, (title, drawn) in zip(axes, PANELS.items(), strict=True):
    for way, found in drawn:
        axis.plot(np.linspace(0, 1, 11), found.T, color=COLOURS[way], linewidth=0.9)
    axis.set(title=title, xlabel="place on the way")
for way, label in (WAYS | NULLS).items():
    axes[0].plot([], [], color=COLOURS[way], label=label)
axes[0].set(ylabel="test error, %")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, fontsize="small")
plt.show()

# %% tags=["remove-cell"]
rise = {way: pushed_pairs[f"{way}_error_barrier"].mean() for way in ("line", "matched")}
on_digits, on_mnist = ({way: runs[f"{way}_error_barrier"].mean() for way in WAYS | NULLS} for runs in (ridge, gone))
for runs in (ridge, gone):
    claims.stands(bool((runs.ray_error_barrier < 3).all()), "scaling alone hardly raises the error")
    claims.stands(bool((runs.renamed_error_barrier > 35).all()), "the line from a network to itself, renamed, rises")
    claims.stands(bool((runs.circle_error_barrier > 50).all()), "the great circle rises as well")
claims.stands(1.8 < rise["line"] / on_mnist["renamed"] < 2.3, "the line to the pushed end rises twice as high")
claims.stands(bool((ridge.curve_error_barrier < 4).all()), "the long curve on digits rises by a few points at most")
claims.stands(bool((gone.curve_error_barrier < 10).all()), "the one on MNIST rises by less than ten points")
claims.stands(
    bool((kept_pairs.line_error_barrier < 1).all()), "the line of a network that was not pushed does not rise"
)
names = 1 - pushed_pairs.matched_squared_distance / pushed_pairs.squared_distance
claims.stands(bool((names > 2 / 3).all()), "more than two thirds of the squared distance are names")
claims.stands(bool((apart.line_error_barrier > 2).all()), "the line between networks trained apart rises")
claims.stands(bool((apart.matched_error_barrier < 1).all()), "it does not rise once their units are matched")

# %% tags=["remove-input"]
Markdown(f"""
Look at the right of {{numref}}`fig-distancing-ridge` first. *A network and itself:* put the checkpoint's units in the
order that takes it farthest from itself. Both ends give the same answers to all inputs, and the line between them rises
by {on_mnist["renamed"]:.0f} points all the same (n = {len(gone)}). So a barrier on a line does not tell another
solution from the same one, though the line to the pushed end rises twice as far. *Length:* that line passes near zero,
hardly the reason. Scaled to the same lengths the checkpoint errs at most {on_mnist["ray"]:.1f} points more; a great
circle, which avoids zero, rises by {on_mnist["circle"]:.0f}. It is the mixture of two networks whose units do not
correspond that answers at chance. *Another way:* a curve that starts beside the circle's middle and is trained for
4,000 steps rises by {on_mnist["curve"]:.1f} points. That is a bound, and a longer search may lower it; on digits, where
line to itself and circle rise by {on_digits["renamed"]:.0f} and {on_digits["circle"]:.0f} points, such curves rise by
{on_digits["curve"]:.1f} points on average, {3.6 * on_digits["curve"]:.0f} of 360 images (n = {len(ridge)}).

What settles it is to rename. Give the units of the end the order of those of the checkpoint that they resemble
{{cite:p}}`ainsworth2023git`, and the straight line rises by {rise["matched"]:.1f} points instead of {rise["line"]:.0f}
(n = {len(pushed_pairs)}). Two networks that were trained apart have {apart.matched_error_barrier.mean():.1f} points
between them (n = {len(apart)}). Whether the end lies in another valley is a matter of words. Nothing here shows that
the push carries a network over a ridge.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
RIDGE = 2.0  # points of error from which on a line has a barrier
near = standard(every, experiment="pair", other="checkpoint")
claims.stands(bool((near.line_error_barrier < RIDGE).all()), "there is no barrier after 40 epochs")
claims.stands(bool((pushed_pairs.matched_error_barrier < RIDGE).all()), "nor after 600, once units are renamed")
notes = {
    SHORT: ("no barrier, but it ended short of the shell: not yet anywhere else", len(near)),
    f"{LONG}, straight line": (
        f"{rise['line']:.0f} points; {on_mnist['renamed']:.0f} from a network to itself",
        len(pushed_pairs),
    ),
    f"{LONG}, units renamed": (f"{rise['matched']:.1f} points: no other valley but for names", len(pushed_pairs)),
    f"{LONG}, long curve": (f"{on_mnist['curve']:.1f} points: a bound", len(gone)),
    "digits, long curve": (f"{on_digits['curve']:.1f} points of 360 images: a bound", len(ridge)),
}
claims.decide(
    "distancing-5",
    {name: stats.untestable(note, n=n, protocol="reduced") for name, (note, n) in notes.items()},
    because="The short journeys had not left; the barrier of the long ones is no test, since a network and itself have one "
    "too, if a lower one. Once units are renamed there is none.",
)

# %% [markdown]
# ## Two networks instead of one
#
# If what is far apart errs differently, a network and its pushed twin should make a good pair. After 600 epochs both
# have been trained as long and are as accurate, so they can be compared with pairs that were trained apart, from other
# initial weights. The ensemble's answer ({numref}`tab-distancing-pairs`) is that of the more confident: records keep no
# more of a network.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How two are heard as one"}
digits = (claims.BOOK / "reference" / "mnist_test_labels.txt").read_text().split()  # the page needs no images
truth = np.array([*"".join(digits)], dtype=int)
run_of = long.set_index(["seed", "strength"])["hash"]


def committee(first, second):
    """Accuracy of two networks (%), alone and together, points gained over their mean, correlation of their errors."""
    found = [records.arrays("distancing", run_of[name]) for name in (first, second)]
    classes = np.array([each["predictions"][-1] for each in found])
    heard = np.array([each["confidence"].astype(float) for each in found]).argmax(0)
    alone = 100 * (classes == truth).mean()
    jointly = 100 * (np.take_along_axis(classes, heard[None], 0)[0] == truth).mean()
    alike = np.corrcoef(classes != truth)[0, 1]
    return {"alone, %": alone, "together, %": jointly, "gain, points": jointly - alone, "error correlation": alike}


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Pairs of networks on MNIST, each trained 600 epochs: mean (least to largest).", "name": "tab-distancing-pairs"}}
seeds = sorted(set(long.seed))
following = dict(zip(seeds, seeds[1:] + seeds[:1], strict=True))
KINDS = {
    "a network and its pushed twin": lambda seed: ((seed, 0.0), (seed, 1.0)),
    "two trained apart": lambda seed: ((seed, 0.0), (following[seed], 0.0)),
    "two trained apart, both pushed": lambda seed: ((seed, 1.0), (following[seed], 1.0)),
}
teams = pd.DataFrame(
    [{"pair": kind, "seed": seed} | committee(*of(seed)) for kind, of in KINDS.items() for seed in seeds]
)
table = (
    teams.drop(columns="seed")
    .groupby("pair", sort=False)
    .agg(lambda values: f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})")
)
table.assign(n=len(seeds))

# %% tags=["remove-input"]
means = teams.groupby("pair").mean()
twin, strangers = (means.loc[name] for name in list(KINDS)[:2])
alike = teams.groupby("pair")["error correlation"].agg(["min", "max"])
differs = alike["max"]["a network and its pushed twin"] < alike["min"]["two trained apart"]
claims.stands(differs, "twins err more differently than networks trained apart, in every pair")
claims.stands(twin["gain, points"] > strangers["gain, points"], "twins gain more than networks trained apart")
more = ridge.together_accuracy - ridge[["accuracy", "checkpoint_accuracy"]].mean(axis=1)
claims.stands(0 < more.mean() < 1 and ridge.error_correlation.mean() < 0.9, "on digits the two gain a little together")
Markdown(f"""
The errors of a network and its pushed twin have a correlation of {twin["error correlation"]:.2f}, those of networks
trained apart of {strangers["error correlation"]:.2f}, and the two ranges do not touch. Together the twins gain
{twin["gain, points"]:.2f} points, where strangers gain {strangers["gain, points"]:.2f}. So a full push makes a network
*less* like its twin than a new start does. Twins cost two trainings less the first {100 * 100 / 600:.0f}%, which they
share. Three pairs are no test: the least two-sided p that they allow is 0.25. On digits, measured on 360 images, a
network at the mirror image and its own checkpoint have a correlation of {ridge.error_correlation.mean():.2f} and gain
{more.mean():.2f} points over their mean ({more.min():+.2f} to {more.max():+.2f}, n = {len(ridge)}).
""")

# %% [markdown]
# The thesis's own ensembles are snapshots, at three checkpoints and the end of one training. On MNIST those at $s = 10$
# beat four trained apart on average ({numref}`fig-distancing-snapshots`).

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Left: error correlation of snapshots falls with their squared distance, from 0.78 to 0.5. Right: accuracy of the ensemble rises from 98.1 to 98.3 per cent at strength 10 and falls again at 100."}, "figure": {"caption": "Four snapshots of one journey of the MLP, 48 epochs (reduced), n = 3, lines join the strengths 0, 1, 10, 100 of a seed: correlation of the members' errors, and accuracy of the mean of their probabilities, against their mean squared distance. Grey: four networks trained apart (fourfold cost).", "name": "fig-distancing-snapshots"}}
teams = every[(every.experiment == "ensemble") & (every.dataset == "mnist") & (every.schedule == "constant")]
snapshots, strangers = (teams[teams.kind == kind].sort_values("strength") for kind in ("snapshots", "independent"))
figure, axes = plt.subplots(1, 2, figsize=(9, 2.7), layout="constrained")
panels = {"error_correlation": "error correlation", "probabilities_accuracy": "accuracy together, %"}
for axis, (metric, label) in zip(axes, panels.items(), strict=True):
    look = {"x": "distance", "y": metric, "ax": axis, "legend": False}
    sns.lineplot(snapshots, units="seed", estimator=None, color="0.7", **look)
    sns.scatterplot(snapshots, hue=snapshots.strength.map("s = {:g}".format), **look | {"legend": axis is axes[0]})
    sns.scatterplot(strangers, color=style.GREY, marker="D", **look)
    axis.set(xscale="symlog", xlabel="mean squared distance of members", ylabel=label)
plt.show()

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
inside = snapshots.groupby("seed")[["distance", *panels]].corr("spearman").distance.unstack()
zero = np.zeros(len(inside))
by = snapshots.groupby("strength").probabilities_accuracy.mean()
likeness, joint = (snapshots.pivot(index="seed", columns="strength", values=each) for each in panels)
falls = likeness[[0.0, 1.0, 10.0]].diff(axis=1).iloc[:, 1:] < 0
claims.stands(bool(falls.all(axis=None)), "errors are less alike with distance up to s = 10 in every seed")
claims.stands(bool(joint.idxmax(axis=1).isin([1.0, 10.0]).all()), "each seed's ensemble is best at s = 1 or 10")
claims.stands(bool((joint[100.0] < joint[10.0]).all()), "each seed's ensemble loses from s = 10 to 100")
claims.stands(by.idxmax() == 10, "ensembles are on average best at s = 10")
claims.stands(by[10.0] > strangers.probabilities_accuracy.mean(), "snapshots at s = 10 beat networks trained apart")
claims.decide(
    "distancing-6",
    {
        "less alike with distance": stats.sign(stats.Pairs(zero, inside.error_correlation.to_numpy(), "reduced"), -1),
        "better with distance": stats.sign(stats.Pairs(zero, inside.probabilities_accuracy.to_numpy(), "reduced"), +1),
    },
    because="In each of three seeds errors are less alike with distance up to s = 10. The ensemble gains up to s = 1 or 10 "
    "and loses again at 100, on average best at 10; three seeds decide nothing.",
)

# %% tags=["remove-input"]
theirs = author.groupby(["network", "experiment"]).ensemble_accuracy.mean().loc["mobilenetv2"]
first, second, third, last = (
    theirs[f"ensemble_{name}"] for name in ("baseline", "distance", "distance_f10", "distance_f100")
)
ranked = np.argsort([first, second, third, last]).tolist()
claims.stands(ranked == np.argsort(by[[0.0, 1.0, 10.0, 100.0]]).tolist(), "his order by strength is that of our means")
far = published[published.pushed == "pushed"].distance.min()
claims.stands(far > distancing.shell(distancing.Kernel()), "all of his pushed networks ended beyond the shell")
claims.stands(theirs["ensemble_baseline_cosine"] > theirs["ensemble_distance_f10"], "his restarts beat his pushes")
Markdown(f"""
With MobileNetV2 the author's means stand in the same order as ours: {theirs["ensemble_baseline"]:.1f}% without the
push, {theirs["ensemble_distance"]:.1f}% at $s = 1$, {theirs["ensemble_distance_f10"]:.1f}% at 10 and
{theirs["ensemble_distance_f100"]:.1f}% at 100 (two or three runs each), and all of them below snapshots at restarts of
the rate, without a push, {theirs["ensemble_baseline_cosine"]:.1f}%. Better members may matter more here.
""")

# %% [markdown]
# ## What the thesis could not see
#
# - **Where the push ends** follows from its settings. The author's networks all ended beyond the shell after 600 epochs,
#   but the lengths of his weights are not known, so nobody can say how near to the mirror image they came.
# - **Distance is not difference.** It is measured with units as they happen to be named. Renaming removes over two
#   thirds of its square after 600 epochs.
# - **A straight line is no test of a ridge** without the same line for a network and itself, and a curve.
# - **Three runs of each kind** can find no difference by ranks, whatever it is, and "no significant loss" of three runs
#   is always true. A loss beyond a margin can be ruled out, and at a strength of 1 it is.
# - **What it calls validation** is the test set, cropped and flipped. Everything was chosen on them.
#
# ## Beyond
#
# Two things would be worth a GPU: a ResNet-32 with its push carried to the mirror image, which should take some 600
# epochs at a constant rate of 0.01, and an ensemble of it and its twin. Whether a network with
# BatchNorm arrives is an open question: the length of its filters means nothing, and negating one flips the sign of what
# the next ReLU sees. [The details](distancing_details.ipynb) have the rest of the claims: the draft's misprints, strength
# and width, schedules, several checkpoints, flatness, Eq. 1.14 and the price of a checkpoint.
#
# ## Provenance

# %% tags=["remove-input"]
used = pd.concat(
    [lines[lines.seed.notna()], strengths, single, pairs, ridge, gone, stayed, apart, near, snapshots, strangers]
)
used = used.drop_duplicates("hash")
Markdown(f"""
{len(used)} runs, {used.seconds.sum() / 3600:.0f} hours of one processor core, stand behind this page, on
{" and ".join(sorted(set(used.device)))}; all {", ".join(sorted(set(used.protocol)))}. They stand in
`book/records/distancing`, one file each; [the details](distancing_details.ipynb) list them with our departures. The
author's numbers come from the curves that he published. The first command makes those runs of the grid file that have
no record; the second makes a few of the recorded ones again and compares:

```
python -m spareparts sweep notebooks/sweeps/distancing.yaml
python -m spareparts verify --paper distancing --output my_audit.json
```
""")
