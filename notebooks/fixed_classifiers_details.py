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
# # Fixed classifiers: the details
#
# What supports [the chapter](fixed_classifiers.ipynb) without belonging into its argument: how many parameters there are
# to save, the language model, claims about training and about many classes, and where every number comes from. All networks here are
# **reduced**: ResNet-20 on 5,000 images for 585 steps where nothing else is said, and a language model of 128 units.

# %% tags=["remove-cell"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torchvision
from IPython.display import Markdown

from spareparts import claims, data, fixed_classifiers, models, records, stats, style

style.use()
every = records.frame(fixed_classifiers.Config)
every = every[every.outcome == "finished"]
REDUCED = {"network": "resnet_20", "train_samples": 5000, "epochs": 15, "precision": "bfloat16"}


# %% tags=["remove-cell"]
def chosen(**settings):
    """Runs of these settings, all others at their default, one a seed."""
    return records.matching(every, fixed_classifiers.Config, **REDUCED | settings).sort_values("seed")


BESIDE = ("head", "initial_scale", "scale", "scale_decay", "binarised", "embedding")  # what kinds of runs differ in


def pairs(first, second, metric="accuracy"):
    """A metric of two kinds of runs, in pairs by seed; they differ in the head, its scale and what it sees only."""
    both = pd.concat({"first": first, "second": second}, names=["side"]).reset_index("side")
    return stats.paired(both, metric, side=("first", "second"), beside=BESIDE)


learned, from_1 = chosen(), chosen(head="orthonormal")
from_10, normalised = (chosen(head=head, initial_scale=10.0) for head in ("orthonormal", "normalised"))
all_images = {"train_samples": None, "epochs": 30}
longer = chosen(**all_images), chosen(head="orthonormal", initial_scale=10.0, **all_images)

# %% [markdown]
# ## What there is to save
#
# How many of a network's parameters are its classifier's weights? All of this is arithmetic on the networks, so we count ({numref}`tab-fixed-shares`).
# The published shares are the paper's. Its ShuffleNet {cite:p}`zhang2017shufflenet` is the older one with groups;
# torchvision's is the second version. JFT-300M {cite:p}`sun2017revisiting` has 18,000 classes.


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How the parameters are counted"}
COUNTED = "weights of classifier (and embedding)"  # the latter in language models, where the paper counts both


def counted(network, last, published=""):
    """Parameters of a network, and the share of its last layer's weights."""
    total = sum(weights.numel() for weights in network.parameters())
    share = 100 * last.weight.numel() / total
    return {"parameters": total, COUNTED: last.weight.numel(), "share, %": share, "published": published}


draw, build = data.generator(0), torchvision.models
small, dense = models.resnet(56, generator=draw), models.densenet_bc(100, generator=draw, growth=12, classes=100)
shuffle = models.shufflenet(generator=draw)
with torch.device("meta"):  # shapes without memory
    large, deep, many = build.resnet50(), build.densenet169(), build.resnet50(num_classes=18_000)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Parameters of networks and weights of their classifiers, counted; for the LSTMs the weights of embedding and classifier, which are one matrix where tied.", "name": "tab-fixed-shares"}}
shares = {
    "ResNet-56, CIFAR-10": counted(small, small.classifier, "0.07%"),
    "DenseNet-BC-100-12, CIFAR-100": counted(dense, dense.classifier, "4%"),
    "ResNet-50, ImageNet": counted(large, large.fc, "8%"),
    "DenseNet-169, ImageNet": counted(deep, deep.classifier, "12%"),
    "ShuffleNet, ImageNet": counted(shuffle, shuffle.classifier, "52.56%"),
    "ResNet-50, JFT-300M": counted(many, many.fc, "over 60%"),
}
for text, words in {"WikiText-2": 33_278, "Penn Treebank": 10_000}.items():
    for tied in (False, True):
        matrices, layers = words * 512 * (1 if tied else 2), 2 * 8 * 512 * (512 + 1)  # of words, and two of an LSTM
        # the classifier's bias is learned in any case
        total = matrices + layers + words
        line = {"parameters": total, COUNTED: matrices, "share, %": 100 * matrices / total}
        told = "89%" if text == "WikiText-2" and not tied else ""
        shares[f"LSTM, {'tied' if tied else 'untied'}, {text}"] = line | {"published": told}
shares = pd.DataFrame(shares).T
shares.style.format({"parameters": "{:,.0f}", COUNTED: "{:,.0f}", "share, %": "{:.2f}"})

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How a share is compared"}
share = shares["share, %"].astype(float)


def near(name, expected, margin=1.0, n=1):
    """Whether a counted share is what the paper says, up to its rounding."""
    word = "reproduced" if abs(share[name] - expected) <= margin else "not reproduced"
    note = f"the paper says {expected:g}%"
    return stats.Verdict(word, share[name], None, n, "paper", "% of the parameters", note, level=True)


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How these two are decided"}
display(
    claims.decide(
        "fixed_classifiers-6",
        {name: near(f"{name}, ImageNet", size) for name, size in (("ResNet-50", 8), ("DenseNet-169", 12))}
        | {"ShuffleNet, most": near("ShuffleNet, ImageNet", 52.56, margin=2.0)},
        because="Counted, and as printed up to rounding; our ShuffleNet with three groups differs from the paper's by one point.",
    ),
    claims.decide(
        "fixed_classifiers-5",
        {
            "share": near("DenseNet-BC-100-12, CIFAR-100", 4, n=0),
            "accuracy": stats.not_run("no DenseNet has been trained"),
        },
        because="The share is as printed. No DenseNet has been trained here, so nothing is known about its accuracy.",
    ),
)

# %% tags=["remove-input"]
left = shares.loc["ShuffleNet, ImageNet"]
images, kept = 1_281_167, left["parameters"] - left[COUNTED]
claims.stands(bool(kept < images), "ShuffleNet without its classifier has fewer parameters than ImageNet has images")
claims.stands(bool(share["ResNet-56, CIFAR-10"] < 0.1), "in the CIFAR-10 network the classifier is next to nothing")
Markdown(f"""
On CIFAR-10 there is nothing to save; on ImageNet it depends on the network; with 18,000 classes it is most of
the model, and in language embedding and classifier together are. ShuffleNet with a fixed classifier has {kept / 1e6:.2f} million parameters left to train, fewer than ImageNet
has images. A fixed layer also need not be sent in distributed training: for ResNet-50 on ImageNet that is
{4 * shares.loc["ResNet-50, ImageNet", COUNTED] / 1e6:.1f} MB of float32 gradient less a step.
""")

# %% [markdown]
# ## Language
#
# In a language model the classes are words, and many words are alike. The paper's model has two LSTM layers
# {cite:p}`hochreiter1997long` between an embedding, a row for each word that is read, and a classifier, a row for each
# word that may follow. One matrix can serve as both {cite:p}`press2017using`, and here it may be fixed: random, with
# orthogonal columns; or made from the training text beforehand, by factors of the matrix of pointwise mutual information
# {cite:p}`levy2014neural` or by word2vec {cite:p}`mikolov2013distributed`. The paper reads WikiText-2
# {cite:p}`merity2016pointer`; ours read Penn Treebank {cite:p}`marcus1993building`. Perplexity, in {numref}`tab-fixed-language`, is the exponential of the
# mean loss of a word: a model that guesses among $k$ words has perplexity $k$. Word frequencies alone, without any
# context, are the level to beat.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "Perplexity of language models on Penn Treebank by their word matrices: mean (SD) over seeds.", "name": "tab-fixed-language"}}
NAMES = {"learned_tied": "learned, one matrix", "learned_untied": "learned, two matrices"}
NAMES |= {"word2vec": "fixed, word2vec", "pmi": "fixed, PMI factors", "orthogonal": "fixed, random orthogonal"}
spoken = every[(every.experiment == "language") & (every.units == 128)]
texts, ten = spoken[spoken.epochs == 3], spoken[spoken.epochs == 10]
by = spoken.groupby(["epochs", "embedding"])
last = by.validation_perplexity.apply(lambda runs: np.mean([run[-1] / run[-2] for run in runs]))
table = pd.DataFrame({"test perplexity": by.perplexity.agg(stats.mean_sd), "n": by.seed.nunique()})
rank = {"10 commonest words": 0, "all but the 1,000 commonest": 3}
for name, place in rank.items():
    table[name] = by.perplexity_by_frequency.apply(lambda runs, place=place: np.mean([run[place] for run in runs])).map(
        "{:,.0f}".format
    )
table["last epoch"] = (100 * (last - 1)).map("{:+.1f}%".format)
order = [(epochs, name) for epochs in (3, 10) for name in NAMES if (epochs, name) in table.index]
shown = table.loc[order].reset_index().replace({"embedding": NAMES}).astype({"epochs": int})
shown.set_index(["epochs", "embedding"]).rename_axis(
    ["epochs", f"frequencies alone: {texts.unigram_perplexity.mean():.0f}"]
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
claims.stands(abs(share["LSTM, untied, WikiText-2"] - 89) < 0.5, "the share of the untied model is 89%")
kinds = dict(list(spoken.assign(log=np.log(spoken.perplexity)).groupby(["epochs", "embedding"])))
MUCH = 0.1  # of the logarithm: a tenth of the perplexity; ours
ORDER = {
    "random worse than learned": ("learned_tied", "orthogonal", +1),
    "PMI better than random": ("orthogonal", "pmi", -1),
    "word2vec better than random": ("orthogonal", "word2vec", -1),
}
claims.decide(
    "fixed_classifiers-11",
    {
        f"{label}, {epochs} epochs": stats.beyond(
            pairs(kinds[epochs, one], kinds[epochs, other], "log"),
            threshold=sign * MUCH,
            expected=sign,
            unit="as log ratio",
        )
        for epochs in (3, 10)
        for label, (one, other, sign) in ORDER.items()
        if (epochs, other) != (10, "word2vec")  # which ran for three epochs only
    },
    because="On Penn Treebank the order is the paper's after three epochs and after ten, in every seed; even the best fixed vectors are "
    "far behind learned ones, and random ones further after ten epochs than after three. The share of 89% is as counted above.",
)

# %% tags=["remove-cell"]
level, at_ten = (runs.groupby("embedding").perplexity.mean() for runs in (texts, ten))
claims.stands(bool((last[3] < 1).all()), "every kind still improves in the third epoch")
claims.stands(
    bool(at_ten["orthogonal"] / at_ten["learned_tied"] > level["orthogonal"] / level["learned_tied"] > 2.5),
    "the distance is wider after ten epochs",
)
seeds = spoken.pivot(index=["epochs", "seed"], columns="embedding", values="perplexity")
claims.stands(
    bool(((seeds.learned_tied < seeds.pmi) & (seeds.pmi < seeds.orthogonal)).all()),
    "the order is the same after three and ten epochs, in every seed",
)
claims.stands(bool(level["word2vec"] < 0.8 * level["orthogonal"]), "word2vec takes a third of it away")

# %% tags=["remove-cell"]
by_rank = {
    name: np.array(runs.perplexity_by_frequency.tolist(), float).mean(0) for name, runs in ten.groupby("embedding")
}
dearer = {name: by_rank[name] / by_rank["learned_tied"] for name in ("orthogonal", "pmi")}
often, seldom = rank.values()
common, rare = dearer["orthogonal"][often], dearer["orthogonal"][seldom]
claims.stands(common > 1.3, "fixing costs on the commonest words too")
claims.stands(
    all(ratios[seldom] > 1.5 * ratios[often] for ratios in dearer.values()),
    "fixing costs far more on rare words than on common ones",
)

# %% tags=["remove-input"]
Markdown(f"""
After three epochs random vectors stand at {level["orthogonal"]:.0f} where learned ones stand at {level["learned_tied"]:.0f},
word2vec at {level["word2vec"]:.0f}. The last column is the change of validation perplexity in the last epoch: in the third
all still fall, the learned ones fastest. So the distances are those of an early stage, and more training does not close
them: after ten epochs random vectors stand at {at_ten["orthogonal"]:.0f}, PMI factors at {at_ten["pmi"]:.0f}, and learned ones
at {at_ten["learned_tied"]:.0f}. The price of fixing is paid on frequent words too, but far more on rare ones: after ten
epochs random vectors have {common:.1f} times the perplexity of learned ones on the ten commonest words, and {rare:.1f}
times beyond the thousand commonest (n = {ten[ten.embedding == "orthogonal"].seed.nunique()}).
""")

# %% [markdown]
# ## The paper's Figure 3: a scale that is held
#
# The scale need not even be learned, says the paper: 1 or 10 will do, 0.1 will not ({numref}`tab-fixed-held`). The chapter bounds the loss that
# so small a scale allows; whether the *order* of the scores can still be learned is another question.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "ResNet-20 on CIFAR-10 with a scale that is held: mean (SD) over seeds.", "name": "tab-fixed-held"}}
held = {scale: chosen(head="orthonormal", scale=scale) for scale in (0.1, 1.0, 10.0)}
lines = {
    "learned, from 10": {"test accuracy, %": stats.mean_sd(from_10.accuracy), "n": len(from_10), "least loss": np.nan}
}
for scale, runs in held.items():
    least = fixed_classifiers.least_loss(scale, classes=10)
    lines[f"held at {scale:g}"] = {
        "test accuracy, %": stats.mean_sd(runs.accuracy),
        "n": len(runs),
        "least loss": least,
    }
    lines[f"held at {scale:g}"]["training loss"] = stats.mean_sd(runs.train_loss, digits=3)
lines["learned, from 10"]["training loss"] = stats.mean_sd(from_10.train_loss, digits=3)
pd.DataFrame(lines).T.rename(
    columns={"least loss": "least loss, nats", "training loss": "training loss, nats"}
).style.format("{:.2g}", na_rep="–", subset="least loss, nats")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
parts = {
    f"{scale:g} is at most 0.5 below": stats.beyond(
        pairs(from_10, held[scale]), threshold=-0.5, expected=+1, unit="points"
    )
    for scale in (1.0, 10.0)
}
parts["0.1 is more than 0.5 below"] = stats.beyond(
    pairs(from_10, held[0.1]), threshold=-0.5, expected=-1, unit="points"
)
least, reached = fixed_classifiers.least_loss(1.0, classes=10), held[1.0].train_loss
guess = np.log(10)
gap, low, high = stats.difference(pairs(from_10, held[10.0]))
ends, ends_later = from_10.final_scale, longer[1].final_scale
claims.decide(
    "fixed_classifiers-4",
    parts,
    because=f"In 585 of the paper's 64,000 steps a scale of 1 is far behind: even its least loss is {least:.1f} nats, and it "
    f"has come down to {reached.mean():.1f} of the {guess:.1f} of guessing. Held at 10 it is {-gap:.2f} points behind a "
    f"learned scale on average, undecided; one that is learned from 10 on ends at {ends.mean():.0f}, and at {ends_later.mean():.0f} "
    f"after 11,700 steps (n = {len(ends_later)}).",
)

# %% tags=["remove-cell"]
claims.stands(least > guess / 2, "with a scale of 1 even the least loss is more than half that of guessing")
claims.stands(
    bool((reached > (least + guess) / 2).all()),
    "with a scale of 1 the loss is not half-way to the least after 585 steps",
)
claims.stands(
    low < -0.5 < gap < 0 < high, "a scale held at 10 is behind by less than half a point on average, undecided"
)
claims.stands(bool((ends > 10).all()) and ends_later.min() > 1.5 * ends.max(), "a scale from 10 grows on past 10")

# %% [markdown]
# ## Is it faster to train?
#
# Not in seconds but in epochs: a classifier that holds still might be easier to follow. For each pair of networks, the
# epochs that the fixed layer needs less (negative) or more than the learned one to the test accuracies that both reach,
# from 20% on in steps of five. This claim hangs on where the scale begins:


# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
def later(runs):
    """Epochs that the fixed layer needs more, mean over the accuracies that both reach; one number a seed."""
    found = []
    for _, run in learned.merge(runs, on="seed", suffixes=("", "_fixed")).iterrows():
        shared = [name for name in run.epochs_to if name in run.epochs_to_fixed and float(name) >= 20]
        found.append(np.mean([run.epochs_to_fixed[name] - run.epochs_to[name] for name in shared]))
    return stats.Pairs(np.zeros(len(found)), np.array(found), "reduced")


slower, sooner = stats.difference(later(from_1)), stats.difference(later(from_10))
claims.stands(slower[1] > 0, "from 1 the fixed layer is later, in the interval")
claims.stands(-0.25 < sooner[0] < -0.15, "from 10 it is a fifth of an epoch earlier on average")
claims.stands(sooner[1] < -0.5 and sooner[2] > 0, "the interval holds half an epoch and 0")
claims.decide(
    "fixed_classifiers-13",
    {"scale from 10": stats.beyond(later(from_10), threshold=-0.5, expected=-1, unit="epochs")},
    because=f"With the authors' first scale of 10 it is earlier by a fifth of an epoch on average, and five seeds do not tell "
    f"that from nothing or from half an epoch; from 1, our former choice, it is {slower[0]:.2f} epochs later.",
)

# %% [markdown]
# ## Can a sample grow?
#
# Why should the training error of a fixed layer be higher? The paper's guess: with a learned layer a network may lower the
# loss of a single sample by making its features longer; with normalised features it cannot. If so, norms of features grow
# with a learned layer and not with a normalised one.
# It is not higher in our runs, to begin with:

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
starts = {"scale from 1": from_1, "scale from 10": from_10}
failed = {name: runs.assign(error=100 - runs.train_accuracy) for name, runs in starts.items()}
errors = {
    name: pairs(learned.assign(error=100 - learned.train_accuracy), runs, "error") for name, runs in failed.items()
}
late = pairs(*(runs.assign(error=100 - runs.train_accuracy) for runs in longer), "error")
apart = late.second - late.first
claims.stands(min(apart) < 0 < max(apart) < 0.5 and min(apart) > -0.5, "later the errors are close, on either side")
claims.decide(
    "fixed_classifiers-2",
    {
        name: stats.beyond(found, threshold=0.1, expected=+1, unit="points")
        for name, found in (errors | {"scale from 10, 11,700 steps": late}).items()
    },
    because="After 585 steps the training error of the fixed layer is the lower one on average: no network has had the time "
    "to fit its images. After 11,700 the two are within half a point, the fixed one above or below.",
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this figure is drawn", "image": {"alt": "Median norm of features over epochs for three last layers: all fall steeply in the first two to three epochs and stay level afterwards."}, "figure": {"caption": "Median norm of the training images' features after each epoch, one line a network, CIFAR-10 (reduced). The vertical line is the third epoch, where the window begins.", "name": "fig-fixed-norms"}}
norms = {"learned": learned, "normalised": normalised, "orthonormal": from_10}
figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
for colour, (name, runs) in zip(style.PALETTE, norms.items(), strict=False):
    for place, run in enumerate(runs.itertuples()):
        found = records.arrays("fixed_classifiers", run.hash)
        axis.plot(found["epochs"], found["feature_norms"][:, 2], color=colour, label=name if place == 0 else None)
axis.axvline(3, **style.CHANCE)
axis.set(yscale="log", xlabel="epoch", ylabel="median norm of features")
axis.legend()
plt.show()


# %% tags=["remove-cell"]
def growth(runs, start=3, end=-1):
    """Logarithm of the median norm at the end over that after some epoch; one number a seed."""
    found = [records.arrays("fixed_classifiers", name)["feature_norms"][:, 2] for name in runs.hash]
    grown = np.array([np.log(norm[end] / norm[start]) for norm in found], float)
    return stats.Pairs(np.zeros(len(grown)), grown, "reduced")


# %% tags=["remove-input"]
fall = {name: np.exp(-growth(runs, start=0, end=3).second.mean()) for name, runs in norms.items()}
claims.stands(min(fall.values()) > 1.5, "the norms fall in the first three epochs under every layer")
Markdown(f"""
An earlier version of this page measured growth from the end of the first epoch. {{numref}}`fig-fixed-norms` shows what that caught: the
transient of the first two or three epochs, in which the norm falls {fall["orthonormal"]:.1f} times under the orthonormal
layer and {fall["learned"]:.1f} times under the learned one. The window now begins after the third epoch. That was chosen
with these curves in view, so what follows describes them and is no test that was planned.
""")

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
own = stats.difference(growth(learned))
claims.stands(
    own[2] < 0.25 and abs(own[0]) < 0.1, "the learned layer's features do not grow by a tenth on average either"
)
claims.decide(
    "fixed_classifiers-14",
    {
        f"{name} layer, less than a tenth": stats.beyond(growth(runs), threshold=0.1, expected=-1, unit="as log ratio")
        for name, runs in norms.items()
        if name != "learned"
    }
    | {
        "learned layer, more than a tenth": stats.beyond(
            growth(learned), threshold=0.1, expected=+1, unit="as log ratio"
        )
    },
    because="Normalised layers do not let features grow, as claimed; whether they grow under the learned layer, so that there "
    "is something to keep them from, five seeds leave open.",
)

# %% [markdown]
# ## More classes, and fewer features than classes
#
# The *price* of fixing is the accuracy of a learned layer less that of an orthonormal one, on the same classes of CIFAR-100
# and the same images. Does it grow with the number of classes, scale from 1? And is there one where 64, 32 or 16 features
# serve a hundred classes? Two classes have 1,000 images only, and are trained for 525 steps.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
MORE = {"dataset": "cifar100"}
FEW = {"train_samples": 1000, "epochs": 75}  # of two classes there are no more images
drawn = {count: MORE | {"classes": count} | (FEW if count == 2 else {}) for count in (2, 10, 20, 50, None)}
prices = {count or 100: pairs(chosen(**how, head="orthonormal"), chosen(**how)) for count, how in drawn.items()}
prices = pd.DataFrame({count: found.second - found.first for count, found in prices.items()})  # a row a seed
slopes = np.array([np.polyfit(np.log10(prices.columns.to_numpy(float)), row, 1)[0] for row in prices.to_numpy()])
claims.stands(bool((prices.mean().diff().dropna() > 0).all()), "the mean price rises with every number of classes")
claims.decide(
    "fixed_classifiers-12",
    {
        "slope": stats.beyond(
            stats.Pairs(np.zeros(len(slopes)), slopes, "reduced"),
            threshold=0.1,
            expected=+1,
            unit="points for tenfold classes",
        )
    },
    because="With the scale from 1 the mean price rises with every number of classes, and three seeds leave the slope open.",
)

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
few = {
    "64 features, scale from 10": pairs(chosen(**MORE), chosen(**MORE, head="orthonormal", initial_scale=10.0)),
    **{
        f"{width or 64} features, scale from 1": pairs(
            chosen(**MORE, features=width), chosen(**MORE, features=width, head="orthonormal")
        )
        for width in (None, 32, 16)
    },
}
claims.stands(all(bool((found.second > 3).all()) for found in few.values()), "the fixed layer is far above chance")
claims.decide(
    "fixed_classifiers-9",
    {name: stats.within(found, margin=0.5, unit="points") for name, found in few.items()},
    because="With more classes than features the fixed layer learns, far above chance, and is clearly behind at every "
    "width; a scale from 10 takes a third of that away.",
)

# %% [markdown]
# ## Classes that are alike
#
# Orthogonal rows treat a maple and an oak as if they had no more in common than a maple and a road. We draw ten classes of
# CIFAR-100 from as few of its superclasses as possible (*within*) or from as many (*across*), and compare the price of
# fixing, the accuracy of a learned layer less that of an orthonormal one (scale from 1).

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this is decided"}
price = {}
for choice in ("across", "within"):
    both = [
        chosen(dataset="cifar100", classes=10, class_choice=choice, head=head) for head in ("orthonormal", "learned")
    ]
    found = pairs(*both)
    price[choice] = found.second - found.first
claims.decide(
    "fixed_classifiers-10",
    {
        "price within less across": stats.beyond(
            stats.Pairs(price["across"], price["within"], "reduced"), threshold=0.1, expected=+1, unit="points"
        )
    },
    because=f"With the scale from 1 the mean price is {price['within'].mean():+.1f} points within and {price['across'].mean():+.1f} across, the "
    "opposite of the claim's order; three seeds decide nothing.",
)

# %% tags=["remove-input"]
claims.stands(
    price["within"].mean() < price["across"].mean(), "the mean price is lower within superclasses than across"
)

# %% [markdown]
# ## Other heads, and features that are signs
#
# The paper's idea has neighbours, which it names. A last layer can stay as PyTorch drew it, its rows neither orthogonal nor
# of one length {cite:p}`hardt2017identity`; it can be learned with fewer weights, as a product of two thin matrices or with
# three quarters of its entries held at 0; and where features are signs {cite:p}`hubara2016binarized` they all have the same
# length, so that nothing has to be normalised. One setting of ours stands beside them, weight decay on the scale.
# {numref}`tab-fixed-others` has each with ResNet-20 on 5,000 images of CIFAR-10.

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "ResNet-20 on CIFAR-10 with other last layers (reduced): test accuracy, mean (SD) over seeds, and points more than the learned layer in pairs by seed, with Student's 95% interval.", "name": "tab-fixed-others"}}
OTHERS = {
    "orthonormal, from 10": {"head": "orthonormal", "initial_scale": 10.0},
    "the same, with decay of the scale": {"head": "orthonormal", "initial_scale": 10.0, "scale_decay": 1e-4},
    "frozen as drawn": {"head": "frozen"},
    "low rank, a quarter of the weights": {"head": "low_rank"},
    "sparse, a quarter of the weights": {"head": "sparse"},
    "learned, features are signs": {"binarised": True},
    "orthonormal, features are signs": {"binarised": True, "head": "orthonormal"},
}
others = {name: chosen(**settings) for name, settings in OTHERS.items()}
more = {name: pairs(learned, runs) for name, runs in others.items()}
lines = {
    name: {"test accuracy, %": stats.mean_sd(runs.accuracy), "more than learned": stats.difference_words(more[name])}
    for name, runs in others.items()
}
pd.DataFrame(lines).T

# %% tags=["remove-input"]
thin = stats.difference(more["low rank, a quarter of the weights"])
claims.stands(thin[2] < 0, "a head of low rank is behind, in the interval")
rest = [stats.difference(each) for name, each in more.items() if "low rank" not in name and "from 10" not in name]
claims.stands(all(low < 0 < high for _, low, high in rest), "of the others three seeds tell nothing")
decayed = others["the same, with decay of the scale"].final_scale.mean()
claims.stands(abs(decayed - from_10.final_scale.mean()) < 0.5, "decay hardly changes where the scale ends")
Markdown(f"""
One of them is clearly worse: a head of rank two, all that a quarter of the weights allows, loses {-thin[0]:.0f} points,
since ten classes then share a plane. As few weights, but scattered, cost nothing that three seeds could show, and neither
does a layer that stays as PyTorch drew it. The learned layer itself varies by {learned.accuracy.std():.1f} points from
seed to seed with so few images, so that all other intervals of three seeds hold 0. Decay of the scale does next to nothing to
the scale: it ends at {decayed:.1f} instead of {from_10.final_scale.mean():.1f}.

The paper's larger networks run by the same functions from a folder of images.
""")

# %% [markdown]
# ## Provenance
#
# Departures from the paper, which leaves these open or whose text at hand has lost them: the first value of the scale, and
# weight decay on it; the formula of the cosine loss; batch sizes; which rows and columns of a Hadamard matrix are taken;
# all settings of the language model, and its text. Each is a setting of `spareparts.fixed_classifiers.Config` or a named
# constant. Reduced runs depart further, by a smaller network, fewer images, epochs or units, or arithmetic in bfloat16.
# {numref}`tab-fixed-runs` has the runs. The grid file plans all of them, and the first command makes those that have no
# record yet; heads should be timed while the machine does nothing else. The second makes a few random ones again and
# compares every number.
#
# ```
# python -m spareparts sweep notebooks/sweeps/fixed_classifiers.yaml
# python -m spareparts verify --paper fixed_classifiers --output my_audit.json
# ```

# %% tags=["hide-input"] mystnb={"code_prompt_show": "How this table is computed", "figure": {"caption": "The runs behind the chapter and this page.", "name": "tab-fixed-runs"}}
PARTS = {  # the first that holds
    "costs of a layer": every.experiment == "heads",
    "language": every.experiment == "language",
    "perceptron": every.dataset == "fashion_mnist",
    "cosine loss": every.loss != "cross_entropy",
    "CIFAR-10, all images": every.epochs == 30,
    "scale from 10": every.initial_scale == 10.0,
    "CIFAR-100": every.dataset == "cifar100",
}
part = np.select(list(PARTS.values()), list(PARTS), default="CIFAR-10")
records.provenance(every.assign(part=part), by="part").drop(columns="diverged")

# %% tags=["remove-input"]
Markdown(f"Data: {'; '.join(sorted(set(every.fidelity)))}. Devices: {'; '.join(sorted(set(every.device)))}.")
