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
PRECISION = "float32"  # or "bfloat16"
FACTORS = []  # names of experts.FACTORS: settings to try beside these, one at a time
MISSING = "list"  # or "run": make the runs that have no record
DEMO_STEPS = 60
DEMO_WEIGHT = 1.0
DEMO_LEARNING_RATES = [0.1, 0.02, 0.005]

# %% tags=["hide-input"]
from IPython.display import Markdown
from myst_nb import glue

from spareparts import claims, experts, plots, records
from spareparts.experts import behaviour, collapse, factors, page, points, recommendations, tables
from spareparts.experts.answer import answer

settings = {"steps": STEPS, "snnl_weights": SNNL_WEIGHTS, "precision": PRECISION, "factors": FACTORS}
records.load_or_run(experts.plan(datasets=DATASETS, seeds=SEEDS, **settings), experts.run, missing=MISSING)
rows = records.frame("experts")
table_rows = experts.standard(rows)
titles = {name: tables.heading(rows, name) for name in tables.shown(rows)}

# %% [markdown]
# ## In one screen

# %% tags=["hide-input"]
ledger = claims.ledger(experts.verdicts(rows))
ledger = ledger[ledger.word == "experts"]
glue("answer", answer(rows), display=False)
Markdown(f"{page.headline(rows)} {page.accuracy_found(rows)}\n\n{page.held_up(ledger)}")

# %% [markdown]
# An expert that is never chosen is never trained: its weights stay where the random numbers put them, apart from
# weight decay. This matters for everything below. Two random matrices are nearly orthogonal, so *dead experts look
# perfectly diverse*, whatever the method. The figure to remember is therefore the load of every expert.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Stacked bars, one a run: the share of the test set that each expert receives, largest first, for every data set and both arms."}, "figure": {"caption": "Load of every expert: the share of the test images for which the gate chooses it, one bar a seed, the largest share at the bottom. Dashed lines: even shares. Left baseline, right with SNNL.", "name": "fig-experts-loads"}}
plots.expert_loads(table_rows, datasets=titles)

# %% [markdown]
# What the records say about each of the paper's claims. *Undecided* means that we ran it and the evidence does not
# decide; where the number of seeds alone forbids a decision, the note says so. [](../methods.md) explains the rules.

# %% tags=["hide-input"]
claims.published(ledger)

# %% [markdown]
# Some claims contradict the paper's own table before any run of ours. Abstract and conclusion claim a significant gain
# on CIFAR-10; the table marks it as not significant. "No other regularizers" were used, yet there is weight decay.
# "Strict structural specialization" stands beside a higher routing entropy. And the best accuracy, promised in its
# Section 4, is not given.

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
# Mean (SD) over seeds, in the paper's units, and the best accuracy, which the paper promises but does not print. The
# paper does not state how many experts it used, nor $\alpha$ and $t$; ours are $K = 5$, $\alpha = 1$ and $t = 1$. Where
# a data set is marked *reduced*, our runs were shorter than the paper's.

# %% tags=["hide-input"]
published = {claim.id: claim.theirs for claim in claims.load() if claim.word == "experts"}
tables.table_one(rows, published)

# %% tags=["hide-input"]
Markdown(page.protocol_note(rows))

# %% [markdown]
# ### Accuracy and routing entropy (Figure 5)
#
# Both arms of a seed share their first weights and their batches, so the differences are paired: look at the slopes of
# the grey lines rather than at the overlap of the boxes.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Box plots of accuracy and of routing entropy, baseline beside SNNL, one row a data set, every seed a point."}, "figure": {"caption": "Test accuracy at the last step (left) and ENT (right), n seeds as given, in the protocol that each title names. Boxes are quartiles, whiskers reach to the ends, grey lines join the arms of a seed. The scales of the accuracy differ; chance, one over the number of classes, is far below. ENT lies between 0, where each class has one expert, and ln K, the dashed line, where the gate is even.", "name": "fig-experts-boxes"}}
metrics = {"accuracy": "test accuracy, %", "entropy": "ENT, nats"}
plots.arm_boxes(table_rows, datasets=titles, metrics=metrics, largest={"entropy": "max_entropy"})

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

# %% tags=["hide-input"] mystnb={"image": {"alt": "SIM of every run, among all and among live experts, in both arms, with the band of random matrices and the level of shuffled rows."}, "figure": {"caption": "SIM x 100, one marker a run. Filled: all experts. Open: live experts, in runs with at least two. Grey band: two standard deviations of dead experts around 0. Grey bars: two standard deviations of the same live experts with their rows shuffled. n: runs of baseline and SNNL.", "name": "fig-experts-similarity"}}
plots.similarity_levels(table_rows, datasets=titles)

# %% tags=["hide-input"]
Markdown(page.said(page.published_similarity(rows, published)))

# %% tags=["hide-input"]
behaviour.similarity_table(rows)

# %% [markdown]
# ### Pair by pair (Figure 4)
#
# The paper shows the similarity of every two experts as a heat map and reads large values as redundancy. The same here,
# with the experts that are dead marked, and below it the question that a heat map cannot answer: how large would these
# numbers be by chance?

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two heat maps of the similarity of every two experts, baseline and with SNNL; below each, the pairs in order of size beside the band of random matrices."}, "figure": {"caption": "Similarity x 100 of every two experts' first-layer weights, seed 1, a choice fixed before looking; one run a column. A dagger marks dead experts. Bold in a frame, and outside the grey band: beyond two standard deviations of dead matrices. By chance one pair in twenty-two lies outside. Black bar: a pair of live experts with shuffled rows, where two live.", "name": "fig-experts-squares"}}
squares = points.squares(rows, points.figure_set(rows, "cifar100"))
plots.expert_similarities(squares)

# %% tags=["hide-input"]
Markdown(page.said(points.squares_found(squares)))

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
# ### Features (Figure 6)
#
# The paper's Figure 6 shows denser and purer clusters with SNNL. A picture made by UMAP can mislead, so three numbers
# stand beside it, measured on the features themselves: the silhouette (-1 to 1, higher is better separated), the purity
# of the ten nearest neighbours (chance: the share of the class, one tenth and one hundredth) and the variance within
# classes over the total.

# %% tags=["hide-input"] mystnb={"image": {"alt": "UMAP of test features of CIFAR-10 coloured by class, baseline on the left, with SNNL on the right."}, "figure": {"caption": "UMAP of the features of the first 2,000 test images, one run an arm, seed 1, a choice fixed before looking. Above each map its silhouette, purity of ten neighbours, and variance within classes over total.", "name": "fig-experts-umap"}}
shown = points.figure_set(rows, "cifar10")
plots.feature_maps(*points.feature_maps(rows, shown), points.coloured(shown))

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same maps for CIFAR-100, ten of its classes coloured and the others grey."}, "figure": {"caption": "The same for CIFAR-100. A hundred colours tell nothing apart: coloured is every tenth class in alphabetical order from the first on, the others are grey. The numbers are of all classes.", "name": "fig-experts-umap-100"}}
shown = points.figure_set(rows, "cifar100")
plots.feature_maps(*points.feature_maps(rows, shown), points.coloured(shown))

# %% [markdown]
# Over all seeds, with the difference between the arms:

# %% tags=["hide-input"]
behaviour.clusters(rows)

# %% [markdown]
# ### The weight of the SNNL (Figure 7)
#
# The paper trains one network for each of thirty weights from -100 to 100, on 25,000 images of CIFAR-10, and sees SIM
# fall towards zero. A negative weight drives images of one class apart. We add the weight 0, which the paper's grid
# leaves out, test SIM and its size (to come "closer to 0" is a statement about the size), and show what the same runs
# do to accuracy and to the experts.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four panels against the SNNL weight from -100 to 100: SIM, its absolute value, test accuracy, and live experts, one point a run."}, "figure": {"caption": "One run a weight, seed 1, protocol as stated below. Lines: least squares with a 95% bootstrap band. Grey: two standard deviations of dead experts. Open circles: a single expert lives. Crosses at the lower edge: training diverged; these runs are in no trend. Dashed: all experts live. Chance for the accuracy is 10%.", "name": "fig-experts-weights"}}
plots.weight_sweep(points.sweep_points(rows))

# %% tags=["hide-input"]
Markdown(page.said(page.sweep_found(rows)))

# %% [markdown]
# ### Mixture, ensemble, raw pixels
#
# Two contrasts of the paper have no number in it: experts of a mixture differ in their weights while members of a
# traditional ensemble come out almost identical (Sec. 2.3), and a mixture needs features rather than pixels (Sec. 3).
# The ensemble here has the same experts on the same features, all with equal gates.

# %% tags=["hide-input"]
Markdown(page.said(factors.note(rows)))

# %% tags=["hide-input"]
factors.contrasts(rows)

# %% [markdown]
# ### Inference
#
# The SNNL is gone once training is over, so both networks should cost the same. Forward passes of a batch of 500
# images, the two networks taking turns:

# %% tags=["hide-input"]
recommendations.inference(rows)

# %% [markdown]
# ## What the paper could not know
#
# - **Chance levels.** No null accompanies SIM in the paper. With them, a small SIM says that experts are untrained
#   rather than that they are diverse.
# - **Seeds.** Five pairs cannot reach significance in an exact test, and correcting for four data sets needs eight.
# - **Loads.** It gives no expert's load, so its readers cannot tell a diverse committee from a single member with
#   silent colleagues.

# %% [markdown]
# ### What makes the gate collapse, and what prevents it
#
# The gated cross entropy rewards the expert that is ahead, at once and for good. How soon is it decided?

# %% tags=["hide-input"]
Markdown(page.said(collapse.over_training(rows)))

# %% [markdown]
# Shorter runs, read more often, under six conditions: the two arms; a tenth of the learning rate; and a *balanced
# gate*, which is what mixtures use today: each image goes to its two best experts, and an auxiliary loss rewards even
# loads, with the usual weight of 0.01 and with one of 1. A gate that reads thousands of features moves its scores a
# long way in a single step, so that the last condition also scales an image's features to length 1 for the gate.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Live experts and entropy of the load along training under six conditions, one row a data set."}, "figure": {"caption": "The gate along training, reduced: 500 steps, bfloat16, on the first 500 test images. Lines are means over seeds (their number is given with the ablation above), bands reach from the smallest to the largest. Dashed: even loads.", "name": "fig-experts-conditions"}}
ablation = factors.measured(factors.ablation(rows))
kinds = factors.sets(ablation)
plots.condition_curves(collapse.curves(rows), datasets=kinds, experts=5)

# %% tags=["hide-input"]
Markdown(page.said(collapse.prevented(rows)))

# %% tags=["hide-input"]
collapse.prevention(rows)

# %% [markdown]
# More experts, or a smaller learning rate, change the odds of a collapse only if the number of live experts follows
# the dashed line:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Live experts against the number of experts and against the peak learning rate, both arms, one column a data set."}, "figure": {"caption": "Live experts at the end of training, reduced: 500 steps, bfloat16; every run is a point, lines join means over seeds. Dashed: all experts live.", "name": "fig-experts-odds"}}
by_number = {"experts K": collapse.levels(rows, "experts"), "peak rate": collapse.levels(rows, "learning_rate")}
plots.live_by_level(by_number, datasets=kinds)

# %% tags=["hide-input"]
Markdown(page.said(collapse.over_experts(rows), collapse.over_rates(rows)))

# %% [markdown]
# ## Beyond: the paper's recommendations, tried
#
# Its Section 5 asks for schedules of $\alpha$ and $t$, for a comparison with contrastive losses, for transformers and
# larger models. We add the balanced gate. SimCLR sees two augmented views of each image, so its control is a baseline
# with the same augmentation, not the plain one. Differences of accuracy are means over seeds, in points.

# %% tags=["hide-input"]
Markdown(page.said(recommendations.answers(rows)))

# %% [markdown]
# What these numbers are worth, and all of them:

# %% tags=["hide-input"]
Markdown(page.said(recommendations.limit(rows)))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show every comparison"}
recommendations.compared(rows)

# %% [markdown]
# ### One factor at a time
#
# How much of what we saw depends on the settings that the paper does not state? Each row changes one of them.

# %% tags=["hide-input"] mystnb={"image": {"alt": "FashionMNIST: accuracy, live experts and SIM among live experts of every run, one row a setting."}, "figure": {"caption": "FashionMNIST, reduced: 500 steps, bfloat16, every run a mark. Rows change one setting of the standard ones (K = 5, α = 1, t = 1, cosine, minimum of layers, convolutions with 32 filters, rate 0.1). Dotted: means of the standard runs. Grey bars: two standard deviations of the same live experts with shuffled rows; grey band: of dead experts. In an ensemble every expert is used for every image, so none is counted as live or dead. Chance for the accuracy is 10%.", "name": "fig-experts-factors-fashion"}}
chosen = ablation[ablation.dataset == "fashion_mnist"] if len(ablation) else ablation
plots.sensitivity(chosen, order=factors.order(ablation), metrics=factors.METRICS, title="FashionMNIST")

# %% tags=["hide-input"] mystnb={"image": {"alt": "CIFAR-10: accuracy, live experts and SIM among live experts of every run, one row a setting."}, "figure": {"caption": "The same on CIFAR-10.", "name": "fig-experts-factors-cifar"}}
chosen = ablation[ablation.dataset == "cifar10"] if len(ablation) else ablation
plots.sensitivity(chosen, order=factors.order(ablation), metrics=factors.METRICS, title="CIFAR-10")

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
factors.level_table(rows)

# %% [markdown]
# ## Provenance
#
# Every number above was computed from the committed records of these runs. To make those that are missing, or all of
# them again, into a folder of your own, in the order of the chapter:
#
# ```
# SPAREPARTS_RECORDS=my_records python -m spareparts sweep notebooks/sweeps/experts.yaml
# ```
#
# With the published number of steps: `python -m spareparts run notebooks/experts.py --set MISSING=run`.
#
# Departures from the paper: see the settings in `spareparts.experts.Config`, each with its reason.

# %% tags=["hide-input"]
records.provenance(table_rows)

# %% [markdown]
# Behind the figures beyond Table 1:

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show these runs"}
records.provenance(page.sources(rows), by="part")
