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
# # Experts
#
# *Mixture of experts with soft nearest neighbor loss* {cite:p}`agarap2026experts`
#
# A mixture of experts is a committee with a chairman: several small networks, the experts, and a gate that decides for
# each input which expert is heard. One hopes that the experts divide the work. Often they do not, and a few experts
# do everything. The paper calls this *expert collapse* and offers a cure: train the features that gate and experts see
# so that images of one class lie close together. The tool is the **soft nearest neighbor loss**, SNNL for short. The
# paper reports experts with less similar weights, a more flexible gate, and higher accuracy on three of four data sets.

# %% tags=["parameters"]
DATASETS = ["mnist", "fashion_mnist", "cifar10", "cifar100"]
SEEDS = [1, 2, 3, 4, 5]
STEPS = 15000  # of 100 images; the published number
SNNL_WEIGHTS = [1.0]
MISSING = "list"  # or "run": make the runs that have no record
DEMO_STEPS = 60
DEMO_WEIGHT = 1.0
DEMO_LEARNING_RATES = [0.1, 0.02, 0.005]

# %% tags=["hide-input"]
from IPython.display import Markdown

from spareparts import claims, experts, plots, records
from spareparts.experts import behaviour, page, tables

configs = experts.plan(datasets=DATASETS, seeds=SEEDS, steps=STEPS, snnl_weights=SNNL_WEIGHTS)
records.load_or_run(configs, experts.run, missing=MISSING)
rows = records.frame("experts")
table_rows = experts.standard(rows)
titles = {name: tables.heading(rows, name) for name in tables.shown(rows)}

# %% [markdown]
# ## In one screen

# %% tags=["hide-input"]
Markdown(f"{page.headline(rows)} {page.accuracy_found(rows)}")

# %% [markdown]
# An expert that is never chosen is never trained: its weights stay where the random numbers put them, apart from
# weight decay. This matters for everything below. Two random matrices are nearly orthogonal, so *dead experts look
# perfectly diverse*, whatever the method. The figure to remember is therefore the load of every expert.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Stacked bars, one a run: the share of the test set that each expert receives, largest first. Most runs use one or two of five experts."}, "figure": {"caption": "Load of every expert: the share of the test images for which the gate chooses it, one bar a seed, the largest share at the bottom. Dashed lines: even shares. Upper row baseline, lower row with SNNL.", "name": "fig-experts-loads"}}
plots.expert_loads(table_rows, datasets=titles)

# %% [markdown]
# What the records say about each of the paper's claims. *Undecided* means that we ran it and the evidence does not
# decide; where the number of seeds alone forbids a decision, the note says so. [](../methods.md) explains the rules.

# %% tags=["hide-input"]
ledger = claims.ledger(experts.verdicts(rows))
claims.show(ledger[ledger.word == "experts"])

# %% [markdown]
# ## The idea
#
# **The network.** Two convolutional blocks turn an image $x$ into features $z$. A linear gate gives each of the $K$
# experts a probability $g_k(z)$, $\sum_k g_k(z) = 1$; expert $k$, a network with one hidden layer of 128 units, gives
# its class scores $o_k(z)$. The prediction is that of the expert with the largest gate (Eq. 4). Training minimizes the
# gated cross entropy (Eq. 5) over a batch of $B$ images with labels $y_i$:
#
# $$ L = \frac{1}{B} \sum_{i=1}^{B} \sum_{k=1}^{K} g_k(z_i)\, \mathrm{CE}\big(y_i, o_k(z_i)\big). $$
#
# Note what this loss rewards. An expert that is a little better than the others gets a little more of the gate, hence
# more of the gradient, hence becomes better still. Nothing pulls the other way.
#
# **The regularizer.** Take a layer's output for every image of the batch, and let $d_{ij}$ be the distance of images
# $i$ and $j$ (here $1 - \cos$). Choose a neighbour of $i$ at random, near ones more likely, with weights
# $e^{-d_{ij}/t}$ at temperature $t$. The SNNL is the negative log probability that the neighbour has the class of $i$
# (Eq. 6):
#
# $$ \mathrm{SNNL} = -\frac{1}{|V|} \sum_{i \in V} \log
#    \frac{\sum_{j \neq i,\, y_j = y_i} e^{-d_{ij}/t}}{\sum_{k \neq i} e^{-d_{ik}/t}}. $$
#
# $V$ are the images with at least one other of their class in the batch; with the 100 classes of CIFAR-100 and batches
# of 100 many have none. The total loss (Eq. 7) is $L + \alpha \min_\ell \mathrm{SNNL}_\ell$, the minimum being taken
# over the two blocks. The **baseline** is the same network without the second term, started from the same weights and
# shown the same batches.
#
# **What is measured.** *SIM* is the mean cosine of the experts' flattened first-layer weights, over all pairs. *ENT* is
# the entropy of the mean gate distribution of a class, averaged over classes, in nats. It is $0$ if every class goes to
# one expert and $\ln K$ if the gate spreads every class evenly. We call an expert *live* if it receives at least 1% of
# the test images.

# %% [markdown]
# ### A demonstration that you can change
#
# The same network on scikit-learn's digits, images of 8 x 8 pixels that need no download. Watch how soon the gate makes
# up its mind, at several peak learning rates and in both arms. It takes seconds; change the rates, or `DEMO_WEIGHT`
# ($\alpha$), and run it again.

# %%
same = {"dataset": "digits", "seed": 7, "steps": DEMO_STEPS}
demo_configs = []
for rate in DEMO_LEARNING_RATES:
    same["peak_learning_rate"] = rate
    demo_configs.append(experts.Config(arm="baseline", **same))
    demo_configs.append(experts.Config(arm="snnl", snnl_weight=DEMO_WEIGHT, **same))
demo = list(experts.run(demo_configs))

# %% mystnb={"image": {"alt": "Two panels over training steps: number of live experts and entropy of the load, for three learning rates and both arms, on the digits. Both fall to one expert within tens of steps."}, "figure": {"caption": "The gate during the demonstration's training on digits: experts that receive at least 1% of the test set, and the entropy of the load. One run a line. Dashed: even loads.", "name": "fig-experts-demo"}}
plots.gate_curves(page.demo_curves(demo), experts=demo_configs[0].experts)

# %% [markdown]
# A lower rate delays the choice, it does not prevent it, and the SNNL makes no visible difference here. The network
# still classifies well, because one expert is enough. Nor does SIM give the alarm: most pairs of experts were hardly
# trained at all.

# %%
page.demo_table(demo)

# %% [markdown]
# ## Table 1, the paper's beside ours
#
# Mean (SD) over seeds, in the paper's units. The paper does not state how many experts it used, nor $\alpha$ and $t$;
# ours are $K = 5$, $\alpha = 1$ and $t = 1$. Where a data set is marked *reduced*, our
# runs were shorter than the paper's.

# %% tags=["hide-input"]
published = {claim.id: claim.theirs for claim in claims.load() if claim.word == "experts"}
tables.table_one(rows, published)

# %% tags=["hide-input"]
Markdown(page.protocol_note(rows))

# %% [markdown]
# ### Accuracy
#
# Both arms of a seed share their first weights and their batches, so the differences are paired.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy of both arms, one panel a data set, lines join the two arms of a seed."}, "figure": {"caption": "Test accuracy at the last step. Each line is one seed, thick bars are means; n as given. The scales differ. Chance, one over the number of classes, is 10% for ten classes and 1% for a hundred, far below.", "name": "fig-experts-accuracy"}}
plots.paired_metric(table_rows, "accuracy", datasets=titles, label="test accuracy, %")

# %% tags=["hide-input"]
tables.tests(rows, "accuracy")

# %% [markdown]
# Differences are SNNL minus baseline, in points, with a bootstrap interval. The interval is too narrow for so few
# seeds (see [](../methods.md)); read it as a description. *Smallest p* is the least that a two-sided exact Wilcoxon
# test can give with so many pairs: where it exceeds 0.05, no outcome at all could have been significant.
#
# The paper's stars stand on five seeds. Five pairs of one sign have an exact p of 2/32, not under 0.05; SciPy's normal
# approximation for the same five pairs is. Ours with the first five seeds, both ways:

# %% tags=["hide-input"]
tables.stars(rows)

# %% [markdown]
# ### Similarity of the experts, and what chance gives
#
# SIM has two chance levels, and both belong beside it. *Dead* experts hold random weights: their SIM is zero on average
# with a standard deviation that follows from the matrices' size alone, the grey band. *Live* experts share something
# even if they learned nothing alike, the mean direction of their rows; shuffling each expert's rows shows how much.

# %% tags=["hide-input"] mystnb={"image": {"alt": "SIM of every run, among all and among live experts, in both arms, with the band of random matrices and the level of shuffled rows."}, "figure": {"caption": "SIM x 100, one marker a run. Filled: all experts. Open: live experts, in runs with at least two. Grey band: two standard deviations of dead experts around 0. Grey bars: two standard deviations of the same live experts with their rows shuffled.", "name": "fig-experts-similarity"}}
plots.similarity_levels(table_rows, datasets=titles)

# %% [markdown]
# The paper's own means of SIM on MNIST, FashionMNIST and CIFAR-10 lie within the grey band, that is, they are what
# experts show that were never trained.

# %% tags=["hide-input"]
behaviour.similarity_table(rows)

# %% [markdown]
# ### Routing
#
# ENT cannot tell a gate that hesitates on every image from one that splits a class firmly between two experts. The
# entropy per image tells them apart, and the information that the chosen expert gives about the class says whether
# experts serve classes at all.

# %% tags=["hide-input"]
behaviour.routing_table(rows)

# %% tags=["hide-input"]
behaviour.loads(rows)

# %% [markdown]
# ### Features
#
# The paper's Figure 6 shows denser and purer clusters with SNNL. A picture made by UMAP can mislead, so three numbers
# stand beside it, measured on the features themselves: the silhouette (-1 to 1, higher is better separated), the purity
# of the ten nearest neighbours (chance: the share of the class) and the variance within classes over the total.

# %% tags=["hide-input"] mystnb={"image": {"alt": "UMAP of test features coloured by class, baseline on the left, with SNNL on the right."}, "figure": {"caption": "UMAP of the features of the first test images, seed 1, a choice fixed before looking. Left baseline, right with SNNL.", "name": "fig-experts-umap"}}
shown = "fashion_mnist" if "fashion_mnist" in titles else next(iter(titles), "digits")
points, labels = behaviour.feature_maps(rows, shown)
plots.feature_maps(points, labels, behaviour.class_names(shown))

# %% tags=["hide-input"]
behaviour.clusters(rows)

# %% [markdown]
# ## What the paper could not know
#
# - **Chance levels.** No null accompanies SIM in the paper. With them, a small SIM says that experts are untrained
#   rather than that they are diverse.
# - **Seeds.** Five pairs cannot reach significance in an exact test, and correcting for four data sets needs eight.
# - **Its own contradictions.** Abstract and conclusion claim a significant gain on CIFAR-10, the table marks it as not
#   significant. "No other regularizers" stands beside weight decay. "Strict structural specialization" stands beside a
#   higher routing entropy. The best accuracy is promised and not given.

# %% [markdown]
# ## Provenance
#
# Every number above was computed from the committed records of these runs. To make those that are missing, or all of
# them again, into a folder of your own:
#
# ```
# SPAREPARTS_RECORDS=my_records python -m spareparts run notebooks/experts.py --set MISSING=run
# ```
#
# Departures from the paper: see the settings in `spareparts.experts.Config`, each with its reason.

# %% tags=["hide-input"]
records.provenance(table_rows)
