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
# larger networks often do better than small ones. Where, then, are all those weights? The report looks at single units
# of a trained layer. It removes them one by one, asks by which sign one recognises those that are not needed, and
# compares theories of why large networks work: repeated units, clusters of weights, a few directions that carry
# everything, lottery tickets. The draft at hand breaks off before most of its results; we ran the experiments that it
# names, and judge its claims beside those that its author's final report is known to make.

# %% tags=["parameters"]
EXPERIMENTS = ["network"]  # or others of redundancy.EXPERIMENTS: what is done with a network
MODELS = ["lenet_300_100"]  # or others of redundancy.MODELS
DATASETS = []  # none: what each model was trained on
SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
ITERATIONS = []  # none: as published
TRAIN_SAMPLES = []  # none: all images but those held out
SHUFFLED_LABELS = [False]
CLASSES = []  # none: all
OPTIMIZER = None  # as published; or "sgd", "adam"
LEARNING_RATE = None  # as published
PRECISION = "float32"  # or "bfloat16", "tf32"
MISSING = "list"  # or "run": make the runs that have no record
DEMO_ITERATIONS = 1500

# %% tags=["hide-input", "runs"]
from spareparts import records, redundancy

asked = {"experiments": EXPERIMENTS, "models": MODELS, "datasets": DATASETS, "seeds": SEEDS}
settings = {"iterations": ITERATIONS, "train_samples": TRAIN_SAMPLES, "classes": CLASSES, "optimizer": OPTIMIZER}
settings |= {"shuffled_labels": SHUFFLED_LABELS, "learning_rate": LEARNING_RATE, "precision": PRECISION}
configs = redundancy.plan(**asked, **settings)
runs = records.load_or_run(configs, redundancy.run, missing=MISSING)

# %% tags=["hide-input"]
import json

from IPython.display import HTML, Markdown
from myst_nb import glue

from spareparts import claims, execute, plots
from spareparts.redundancy import demonstration, layer_page, page, points, tables, theory_page, theory_tables
from spareparts.redundancy.answer import answer
from spareparts.redundancy.rows import TICKETS, TITLES, by_classes, by_width, chosen
from spareparts.redundancy.widths import CORRELATIONS, DROPS

rows = records.frame("redundancy")

# %% [markdown]
# ## In one screen

# %% tags=["hide-input"]
ledger = claims.ledger(redundancy.verdicts(rows))
ledger = ledger[ledger.word == "redundancy"]
glue("answer", answer(rows), display=False)
Markdown(page.said(page.headline(rows), layer_page.alike(rows), page.counted(ledger)))

# %% [markdown]
# The figure to remember, Figures 2a and 2b of the report: accuracy while the units of the first fully connected layer
# disappear. How long a curve stays up says how much the layer holds that it does not need; how far the curves lie apart
# says how well a criterion knows which units these are. The grey curve knows nothing.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy against units removed from the first fully connected layer of LeNet and, where it has run, Conv-2: two criteria, smallest or largest first, and random orders with a band."}, "figure": {"caption": "Figures 2a (LeNet, MNIST) and 2b (Conv-2, CIFAR-10): test accuracy on 10,000 images after each removal from the first fully connected layer, without training again. Means over n networks. Solid: smallest first; dotted: largest first. Grey: mean of five random orders, plus and minus their standard deviation. Dashed: chance.", "name": "fig-redundancy-curves"}}
layers = points.layers(rows)
plots.pruning_curves(layers, images=points.IMAGES, chance=10)

# %% tags=["hide-input"]
Markdown(page.protocol_note(rows))

# %% [markdown]
# What the records say about each claim. The rules stand in [](../methods.md). Most of these claims are other people's,
# which the report sets out to test; a claim with several parts is reproduced only if each of them is.

# %% tags=["hide-input"]
claims.published(ledger)

# %% [markdown]
# ## The idea
#
# **A unit** of a layer is a row $w_i$ of its weights $W$, $n$ rows of $d$ entries each; of a convolution it is a
# filter, written out as a row. To remove a unit means that the next layer receives nothing from it. Which one should
# go? The usual answer is the one of smallest norm $\lVert w_i \rVert$. The report adds another. If training gathers
# the rows in clusters, then a row far from all others is an outlier, and perhaps useless. So take the rows at length
# 1, $\hat w_i = w_i / \lVert w_i \rVert$, and measure how alike they are by their **frame potential** (Sec. 3.1),
#
# $$ \mathrm{FP}(\hat W) = \sum_{i,j} \langle \hat w_i, \hat w_j \rangle^2 = \sum_i c_i, \qquad
#    c_i = \sum_j \langle \hat w_i, \hat w_j \rangle^2 . $$
#
# The **contribution** $c_i$ lies between 1, where a row is orthogonal to all others, and $n$, where all rows agree up
# to their sign. Without row $i$ the frame potential is smaller by $2 c_i - 1$, so the row with the smallest
# contribution is also the one whose removal changes the frame potential least. Units are removed greedily: after each
# removal the contributions of those that are left are taken anew.
#
# **What would chance give?** For $n$ rows of length 1,
#
# $$ \max\Big(n, \frac{n^2}{d}\Big) \;\le\; \mathrm{FP} \;\le\; n^2, \qquad
#    \mathrm{E}\,\mathrm{FP} = n + \frac{n(n-1)}{d} \;\text{ for random directions.} $$
#
# **What it cannot tell.** With $\sigma_k$ the singular values of $\hat W$, the frame potential is
# $\sum_k \sigma_k^4$: it depends on the spectrum of the normalized rows and on nothing else. It grows when rows form
# clusters. It grows just as much when they share a common shift, or fill a space of few dimensions evenly, without
# any two of them being close. A frame potential above that of random rows is therefore no proof of clusters. Two
# further nulls belong beside it: rows with their mean removed, and *random rows of the same spectrum*, the same few
# large directions without any clusters. The frame potential can hardly tell these from the trained rows. The cosine
# of each row to its nearest neighbour can.
#
# **Norms, dead units, biases.** A unit with weights of zero has no direction; its contribution is set to 0, and we
# count such *dead* units apart. Removing a unit removes its bias as well. The author's code kept it, so that a
# removed unit still gave the same output to every image; this is a setting, and shown beside.

# %% [markdown]
# ### A demonstration that you can change
#
# The report's LeNet on the digits of scikit-learn: images of 8 x 8 pixels, so 64 inputs for 300 units. Change
# `DEMO_ITERATIONS` at the top, or the config below: another `seed`, `width`, `optimizer` or `learning_rate`, the
# initialization `pytorch`, or `shuffled_labels`.

# %%
demo = demonstration.follow(redundancy.Config(dataset="digits", iterations=DEMO_ITERATIONS))

# %% mystnb={"image": {"alt": "Test accuracy on the digits against units removed, by two criteria in both directions, and at random."}, "figure": {"caption": "The network trained just now: accuracy while its units go. One network, so the differences between criteria are no result yet. Dashed: chance.", "name": "fig-redundancy-demo"}}
plots.pruning_curves({"LeNet on digits": [demo.arrays]}, images=demo.images, chance=10, name=demo.curves)

# %% [markdown]
# The areas under these curves, as mean accuracies. *Bias kept* leaves removed units their bias.

# %%
demonstration.compared(demo)

# %% [markdown]
# How much did training do to the units? With few steps and a small learning rate they stay near where they began, so
# that removal by norm largely removes what was short from the start.

# %% mystnb={"image": {"alt": "Norms of the units along the demonstration's training, and the cosine to the initial weights against the final norm."}, "figure": {"caption": "The same network. Left: norms of its units along training; bands hold 50% and 90% of them. Right: cosine of each unit to its initial weights against its final norm. Dashed: the 95th percentile of the initial norms; a unit beyond it counts as trained.", "name": "fig-redundancy-demo-norms"}}
plots.norms_and_turns(demo.arrays, title="LeNet on digits")

# %% [markdown]
# Did the units that grew turn to where the images differ most? The *alignment* of a unit with its inputs is the
# variance of its answers $\langle \hat w_i, x \rangle$ to the training images $x$, over the mean of that variance over
# all directions. Random directions have 1 on average; it is 0 where the images do not vary in the unit's direction,
# and $d$, the number of inputs, where they vary in no other.

# %% mystnb={"image": {"alt": "Alignment of the demonstration's units with the training images against their norm, before and after training."}, "figure": {"caption": "The same network: alignment of its units with the training images against their norm, before and after training. Squares: the units that count as trained in the end. Dashed: the mean of random directions.", "name": "fig-redundancy-demo-alignment"}}
plots.alignments(demo.arrays, title="LeNet on digits")

# %%
Markdown(layer_page.aligned_found(demo.arrays))

# %% [markdown]
# Removed units need not be kept as zeros. Half of them gone for good:

# %%
demonstration.made_smaller(demo, removed=0.5)

# %% [markdown]
# ## Figures 2a and 2b: which criterion?
#
# The curves stand above ({numref}`fig-redundancy-curves`). The area under a curve, which is the mean accuracy along
# it, puts each into one number, and several networks show how far it moves by chance. The report compares criteria on
# one network of each kind.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean accuracy under each pruning curve, a dot a network with mean and interval, one row a criterion, LeNet and Conv-2."}, "figure": {"caption": "Mean accuracy along each curve of the figure above; small dots: networks, large: their mean with its 95% interval. Dashed: the mean of random orders.", "name": "fig-redundancy-areas"}}
plots.pruning_areas(points.figure_2(rows), models=TITLES)

# %% tags=["hide-input"]
Markdown(page.orders_found(rows))

# %% [markdown]
# A criterion may be good for the first half of the units and bad afterwards. A curve over all units mixes the two, and
# its second half, where the network is broken anyway, is of less interest.

# %% tags=["hide-input"]
tables.areas(rows)

# %% [markdown]
# *Bias kept* is the author's way. The same curves in that way:

# %% tags=["hide-input"] mystnb={"image": {"alt": "The pruning curves again with the biases of removed units kept."}, "figure": {"caption": "As in the figure at the top, with the bias of removed units kept. Dashed: chance.", "name": "fig-redundancy-bias"}}
plots.pruning_curves(layers, images=points.IMAGES, chance=10, name="unmasked_curves")

# %% tags=["hide-input"]
Markdown(page.bias_found(rows))

# %% [markdown]
# ### After training again
#
# A network that is pruned in earnest is trained on afterwards. Here a share of the units goes at once, and what is left
# is trained for a fifth of the iterations with the same optimizer. Section 2.3 of the report mentions that removing the
# *largest* units can lead to better accuracy after that.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy against the share of units removed, before and after training on, by criterion and direction, with the unpruned network as a line."}, "figure": {"caption": "LeNet: accuracy right after removing a share of the units at once (left) and after training on (right, mind the scale); circles: smallest first, triangles: largest first; means over n networks. Dashed: the network that lost no units and was trained on as long. Chance is 10%.", "name": "fig-redundancy-retrained"}}
plots.retrained(chosen(rows, experiment="retrain"), models=TITLES)

# %% tags=["hide-input"]
Markdown(page.retrained_found(rows))

# %% tags=["hide-input"]
tables.retraining(rows)

# %% [markdown]
# ## Training dynamics (Section 3.2)
#
# The report's author built a tool to watch the units of a layer during training; Section 3.2, which was to show it,
# is empty. Here it is. Each dot is a unit; its area grows with its norm. Units are linked where their weights, or
# their outputs on validation images, are at least as alike as the cutoff. The plane is the one in which most of the
# likeness can be seen at each epoch, and the figure says how much that is: rarely much, so that dots may lie close
# which are not linked. Trust the links and their counts, not the distances.
#
# Move the epoch from the start to the end. What do the links do? Then raise the cutoff (the author's pictures use 0.25
# and 0.48). If units formed tight clusters, groups would survive a high cutoff; if all leaned a little in a common
# direction, everything would be one group at a low cutoff and dust at a higher one. Sliders and dots work with the
# keyboard too.

# %% tags=["hide-input"]
watched = points.shown(layers["LeNet"])
HTML(plots.unit_graph(watched, cutoff=0.1, title="Units of LeNet's first layer, seed 1, over its epochs on MNIST."))

# %% tags=["hide-input"]
Markdown(layer_page.links_found(watched))

# %% [markdown]
# The same kind of figure for the first fully connected layer of Conv-2, of which the author reports one big cluster
# with some outliers:

# %% tags=["hide-input"]
watched_too = points.shown(layers["Conv-2"])
HTML(plots.unit_graph(watched_too, title="Units of Conv-2's first fully connected layer, seed 1, on CIFAR-10."))

# %% [markdown]
# ### Norms and directions
#
# Do a few units grow while the others stay where the random numbers put them? And do those that grow turn away from
# their first direction?

# %% tags=["hide-input"] mystnb={"image": {"alt": "LeNet: norms of the units over epochs as bands, and the cosine of each unit to its initial weights against its final norm."}, "figure": {"caption": "LeNet's first layer, seed 1. Left: norms over the epochs; bands hold 50% and 90% of the units. Right: cosine to the initial weights against the final norm, a mark a unit, squares beyond the limit. Dashed: the 95th percentile of the initial norms, below which an untrained unit lies in 95 of 100 cases.", "name": "fig-redundancy-norms"}}
plots.norms_and_turns(watched, title="LeNet")

# %% tags=["hide-input"]
Markdown(layer_page.turned_found(watched))

# %% [markdown]
# ### Do units cluster?
#
# The claim behind the new criterion. The figure shows the frame potential over that of random rows: of the weights, of
# the weights with their mean removed (a common shift), and of random rows with the weights' spectrum (few directions,
# no clusters). Where the blue line lies no higher than the grey one, its few large directions explain the frame
# potential, and it says nothing of clusters, for or against: clusters make directions large too, and raise both lines.
# The nearest cosines below the figure can tell.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Frame potential over its value for random rows along training: of the weights, with their mean removed, and of random rows with the same spectrum."}, "figure": {"caption": "Frame potential of the first fully connected layer over that of random rows, a line a network; logarithmic. Dashed: random rows. Grey: random rows with the spectrum of the weights at that epoch.", "name": "fig-redundancy-potential"}}
plots.clustering(layers, nulls=points.potentials(rows))

# %% tags=["hide-input"]
Markdown(layer_page.clusters_found(rows))

# %% tags=["hide-input"]
tables.clusters(rows)

# %% [markdown]
# ### The classifier drawn anew
#
# Does what the early layers learn depend on the layers behind them? The author trained a network, put its
# convolutions back to their first weights, drew the fully connected layers anew, and trained as long again. Below,
# the *twin* is that second network. LeNet has no convolutions; there its first layer keeps its first weights.
#
# Units that began alike may end alike without having learned anything, so the cosine of a unit's weights with its
# twin's is high to begin with. Compare outputs instead, and compare with an independent network whose units are
# matched one to one as well as they can be: that is the chance level.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Similarity of early layers with their twin and with an independent network: weights, change of weights, outputs; a panel a layer."}, "figure": {"caption": "Similarity of units to their own twins (filled), and to the matched units of an independent network (open), a mark a network. Weights and their change: cosine; outputs: correlation. Dashed: no similarity.", "name": "fig-redundancy-twins"}}
plots.resampled(points.resampled(rows))

# %% tags=["hide-input"]
Markdown(layer_page.twins_found(rows))

# %% [markdown]
# Both networks as one graph, at the start and at the end. At the start every unit and its twin are the same dot. A link
# across the colours at the end joins filters of the two networks that are alike.

# %% tags=["hide-input"]
pair = points.shown(points.of_runs(points.resampled(rows)))
ends = {"key": ("the network", "its twin"), "epoch_labels": ("start", "end")}
HTML(plots.unit_graph(pair, title="Units of the last layer kept, in a network and in its twin.", cutoff=0.5, **ends))

# %% [markdown]
# The weights behind the layers that were kept cannot be compared unit by unit, since they were drawn anew. But do they
# read the same directions of what they are given? Their *main space* is spanned by as many right singular vectors as
# there are classes; principal angles of 0° between two spaces mean that they are the same, 90° that they share nothing.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Principal angles between the main spaces of a redrawn layer and its twin's, an independent network's, and between random spaces."}, "figure": {"caption": "Principal angles of the main space of the first layer drawn anew: with the twin's; with an independent network's, which is the level of chance for trained networks; and (dashed) between random spaces. A line a network.", "name": "fig-redundancy-spaces"}}
plots.main_spaces({title: points.of_runs(runs) for title, runs in points.twins(rows).items()})

# %% tags=["hide-input"]
tables.twins(rows)

# %% [markdown]
# ## Subspaces (Section 3.3)
#
# Section 3.3 of the draft is empty, but Section 2.1 says what it would have tested. Write the trained weights as
# $W = Z + (W - Z)$, with $Z$ the first weights. The claim is that the change $W - Z$ has low rank as far as the
# network's output is concerned: a few singular directions carry the accuracy, and the rest is noise, even though it
# may be large.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Singular values of LeNet's first layer at several epochs: of the weights, of the normalized rows, and of the change since the start; log-log."}, "figure": {"caption": "Singular values of LeNet's first layer, largest first, at several epochs, seed 1: of W, of W with its rows normalized, and of W − Z. Dashed: the largest value that noise as strong as the bulk of W would have, at the start and at the end.", "name": "fig-redundancy-spectra"}}
plots.spectra(watched, title="LeNet")

# %% [markdown]
# Keep only $k$ directions, in one of two ways: the nearest matrix of rank $k$ to $W$, or the first weights plus $k$
# directions of what training added, $W' = Z + U_k U_k^\top (W - Z)$, where $U_k$ holds the largest left singular
# vectors of $W - Z$. Nagarajan and Kolter {cite:p}`nagarajan2019uniform` found 16 of 1,024 to be enough.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy against the number of directions kept, for the two ways of keeping them."}, "figure": {"caption": "Test accuracy with k directions kept; means over n networks, bands from the smallest to the largest. Dashed: the whole network above, chance below.", "name": "fig-redundancy-ranks"}}
plots.rank_accuracies(points.figure_2(rows), models=TITLES, chance=10)

# %% tags=["hide-input"]
Markdown(layer_page.ranks_found(rows))

# %% tags=["hide-input"]
tables.directions(rows)

# %% [markdown]
# The author's final report gives numbers for rank 10 of $W$ itself. Beside ours:

# %% tags=["hide-input"]
tables.rank_ten(rows)

# %% [markdown]
# ### Noise and signal
#
# Martin and Mahoney {cite:p}`martin2018implicit` see a trained layer as noise plus a signal of low rank that grows.
# If the weights were independent noise, the eigenvalues of $W W^\top$ would follow the law of Marchenko and Pastur
# {cite:p}`marchenko1967distribution`. We fit its variance to the bulk, and count as signal what lies beyond its edge
# by more than the largest eigenvalue of noise would in 99 cases of 100. Without that margin many an untrained layer
# would have a "signal".

# %% tags=["hide-input"] mystnb={"image": {"alt": "Histogram of the eigenvalues of LeNet's first layer before and after training, the fitted law, its edge, and outliers as ticks."}, "figure": {"caption": "Eigenvalues of LeNet's first layer before and after training, seed 1, and the law fitted to their bulk. Dashed: the edge with its margin; ticks: eigenvalues beyond it.", "name": "fig-redundancy-density"}}
plots.spectral_density(watched, title="LeNet")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Noise variance over its first value, number of outliers, and norm of the signal, along training."}, "figure": {"caption": "Noise and signal along training, a line a network. Dashed: an untrained layer.", "name": "fig-redundancy-noise"}}
plots.noise_and_signal(layers)

# %% tags=["hide-input"]
Markdown(layer_page.noise_found(rows))

# %% tags=["hide-input"]
tables.noise(rows)

# %% [markdown]
# ### Do trained units share the others' space?
#
# Call a unit trained if it ends longer than 95% of the units began. If the trained units had left the space of the
# others, the angles between the two spaces would be larger than at the start, and than those of random spaces.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Principal angles between the space of the trained units and that of the others, at the start and at the end, with those of random spaces."}, "figure": {"caption": "Principal angles between the space of the trained units and that of the others, a line a network: with their final weights, with their initial ones, and (dashed) random spaces of the same sizes.", "name": "fig-redundancy-angles"}}
plots.principal_angles(layers)

# %% tags=["hide-input"]
Markdown(layer_page.angles_found(rows))

# %% [markdown]
# ### Is the elbow the number of classes?
#
# The final report finds the elbow in the spectrum of the first fully connected layer always at 10, and has ten classes
# throughout. So take fewer and more. LeNet learns the first 2, 5, 10, 20 or 100 classes of CIFAR-100; the elbow is the
# point of $k \mapsto \lVert W - W_k \rVert$ farthest below the straight line from its first to its last value.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Elbow of the spectrum against the number of classes, of W and of its change, with the line on which both are equal."}, "figure": {"caption": "Directions before the elbow, of W − Z and of W, against the number of classes; a mark a network, both axes logarithmic. Dashed: as many directions as classes. An elbow exists for noise as well; it has no chance level of its own.", "name": "fig-redundancy-elbows"}}
plots.elbows(by_classes(rows), metrics={"update_elbow": "W − Z", "weights_elbow": "W"})

# %% tags=["hide-input"]
Markdown(layer_page.elbows_found(rows))

# %% tags=["hide-input"]
tables.elbows(rows)

# %% [markdown]
# ## The theories (Section 2)
#
# ### Does a large layer explore? XORD
#
# Brutzkus and Globerson {cite:p}`brutzkus2019why` build a task on which one can see why a large layer might
# generalize better. An input is a row of ten pairs of $\pm 1$; it is positive if any pair holds the same value twice,
# so there are two positive patterns and two negative ones. A layer has $k$ filters for each sign. A small one, they
# argue, can fit its training inputs without having found all four patterns, and will then err on inputs that show the
# one it missed; a large one has a filter near every pattern before training begins. Each of 100 layers has a training
# set of its own. Training sets that a small layer can fit may be the easy ones, so compare layers on sets that both
# sizes fit.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four panels against the number of filters: share of layers that fit, test error, patterns found, angle of filters to a pattern; a line a training set size."}, "figure": {"caption": "XORD, by the number of filters k and of training inputs; all but the first panel over the layers that fit. Bars: two standard errors. Dashed: error of guessing, and the mean angle of a random filter to its nearest pattern.", "name": "fig-redundancy-xord"}}
plots.xord_errors(points.xord(rows))

# %% tags=["hide-input"]
Markdown(theory_page.xord_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
theory_tables.xord(rows)

# %% [markdown]
# ### Do filters gather around few directions?
#
# The same authors train a network of three layers with a large convolution on MNIST, group its filters around four
# centres, and find trained filters closer to their centre than untrained ones. But a layer with a few large directions
# has small angles even without clusters. Random filters with the spectrum of the trained ones show how small.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Cumulative distributions of the angles of filters to their nearest centre: trained, untrained, both with the mean removed, and random with the trained spectrum."}, "figure": {"caption": "Angles of 120 filters to the centre of their own cluster, of four that k-means finds, as cumulative shares over all networks. Grey: untrained, the level of chance. Dashed: random filters with the spectrum of the trained ones.", "name": "fig-redundancy-filters"}}
plots.filter_angles(points.filter_angles(rows))

# %% tags=["hide-input"]
Markdown(theory_page.filters_found(rows))

# %% tags=["hide-input"]
theory_tables.filters(rows)

# %% [markdown]
# ### Lottery tickets, of weights and of units
#
# Frankle and Carbin {cite:p}`frankle2019lottery` prune single weights of a trained network and put what is left back
# to its first values. Trained again, such a *ticket* reaches the accuracy of the whole; with weights drawn anew it
# does not. Liu et al. {cite:p}`liu2019rethinking` dispute this for larger learning rates and for whole units. We run
# both settings: SGD with a high learning rate, Adam with a low one. Tickets of weights are the control. If own
# weights beat new ones there but not for units, then what a ticket wins is not a property of units.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy of tickets of single weights against the share kept, own and new first weights, for two settings."}, "figure": {"caption": "Tickets of single weights, LeNet on MNIST: own first weights and weights drawn anew, a mark a network, lines through means. Dotted: the unpruned network. n in the titles.", "name": "fig-redundancy-tickets"}}
titles = {group: group for group in TICKETS}
plots.ticket_accuracies(points.tickets(rows, "tickets"), titles=titles)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for tickets of whole units."}, "figure": {"caption": "The same for whole units, chosen by their norm.", "name": "fig-redundancy-unit-tickets"}}
plots.ticket_accuracies(points.tickets(rows, "unit_tickets"), titles=titles)

# %% tags=["hide-input"]
Markdown(theory_page.tickets_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
theory_tables.tickets(rows)

# %% [markdown]
# The report asks a further question: do the winning weights sit in few units? If survivors were drawn by lot from the
# weights of a layer, their numbers per unit would follow a hypergeometric distribution.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Histogram of surviving weights per unit in two layers, beside the hypergeometric distribution."}, "figure": {"caption": "Weights of a unit that survive in the smallest tickets, of all networks and both settings. Dashed: what chance would leave.", "name": "fig-redundancy-survivors"}}
plots.survivors(points.survivors(rows), fan_in=points.LAYERS, titles={"fc1": "first layer", "fc2": "second layer"})

# %% tags=["hide-input"]
Markdown(theory_page.survivors_found(rows))

# %% tags=["hide-input"]
theory_tables.survivors_by_layer(rows)

# %% [markdown]
# ### Removable and repeated units
#
# Casper et al. {cite:p}`casper2019removable` count units whose loss costs hardly any accuracy, and units whose output
# is highly correlated with another's. They find that both shares grow with the width of a layer, and read that as a
# way of limiting its capacity. Both need a threshold, so we sweep it; and among more units there are more alike by
# chance, so untrained networks of each width stand beside. (In an untrained network most units can go, but only
# because it has hardly any accuracy to lose. For removable units, then, ask how the two kinds of lines rise, not
# which lies higher.)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Shares of removable and of repeated units against the width of the first layer, trained and untrained, for several thresholds."}, "figure": {"caption": "LeNet on 1,000 images of MNIST, first layer: shares of removable units (left) and repeated ones (right), means over seeds; thick lines for strict thresholds. Dashed: untrained networks of that width, the level of chance.", "name": "fig-redundancy-units"}}
plots.unit_shares(by_width(rows), drops=DROPS, correlations=CORRELATIONS)

# %% tags=["hide-input"]
Markdown(theory_page.units_found(rows))

# %% tags=["hide-input"]
theory_tables.widths(rows)

# %% [markdown]
# ### Distance from initialization
#
# Neyshabur et al. {cite:p}`neyshabur2018towards` find wider networks closer to their first weights. The same networks,
# those that fit all their training images: distance of the whole first layer, of a unit on average, and the gap between
# training and test accuracy.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four panels against width: distance of the layer from its first weights, the same for a unit, generalization gap, steps until all images are fitted."}, "figure": {"caption": "Networks that fit their training images, a dot each, lines through means. The distance of a layer sums over its units, so more units could lie farther from the start together though each stays nearer. The panels begin at 0: no distance, no gap.", "name": "fig-redundancy-distance"}}
plots.distance_and_gap(points.fitted(rows))

# %% tags=["hide-input"]
Markdown(theory_page.distance_found(rows))

# %% [markdown]
# ### Teacher and student
#
# With images nobody knows how large a network is needed. With a teacher one does: a network with two hidden units
# labels random inputs, and a student with as many or more learns from it, each input once. Goldt et al.
# {cite:p}`goldt2019dynamics` show that noise on the labels makes a larger student worse where only its first layer is
# trained, and not where both are: then several of its units share the work of one of the teacher's and average out
# the noise.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Error of students against their number of units, first layer trained or both, and how many units share a teacher unit."}, "figure": {"caption": "Students of two-unit teachers, a mark each, lines through geometric means. Left: generalization error; 0 would be perfect. Right: how many units share the work of a teacher's unit. Dashed: as many as there are.", "name": "fig-redundancy-students"}}
plots.student_errors(points.student_errors(rows))

# %% tags=["hide-input"]
Markdown(theory_page.students_found(rows))

# %% [markdown]
# What sharing looks like, in the widest students of the first teacher. A column is a unit of the teacher. A student
# that averages has several units with the colour of that column; one that does not has a single one and rows that
# stay pale.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two heat maps: overlaps of the student's units with the teacher's two, weighted by the outputs, for both ways of training."}, "figure": {"caption": "Overlap of each unit of the widest student with each unit of the first teacher, times the student's output weight. White, 0: nothing in common, as random units have on average.", "name": "fig-redundancy-overlaps"}}
plots.student_overlaps(points.student_overlaps(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
theory_tables.teacher_student(rows)

# %% [markdown]
# ### Shuffled labels
#
# The introduction asks what networks find that fit labels without any meaning, as Zhang et al.
# {cite:p}`zhang2017understanding` showed they can. The same LeNet learns the same images with their labels and with
# shuffled ones. Accuracy is that on the images it was trained on; on others, with shuffled labels, nothing better
# than chance is to be expected.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Accuracy on training images against units removed, for networks that learned true and shuffled labels."}, "figure": {"caption": "Accuracy on the training images while units of the first layer go, with true labels and with shuffled ones. Lines as at the top. Dashed: chance.", "name": "fig-redundancy-labels"}}
plots.pruning_curves(points.labels(rows), images=points.label_images(rows), chance=10, name="train_curves")

# %% tags=["hide-input"]
Markdown(layer_page.labels_found(rows))

# %% tags=["hide-input"]
tables.labels(rows)

# %% [markdown]
# ## What the report could not know
#
# - **Chance for a frame potential.** It compares frame potentials with nothing. Random rows have one too, and rows of
#   few directions a large one without any clusters.
# - **More than one network.** Its Figure 2 has error bars for random orders, none for networks. Two networks of
#   another seed differ as well; the areas above show by how much.
# - **Untrained networks.** Shares of repeated units, angles to centres and outliers of a spectrum have values before
#   any training. What training adds is the difference.
# - **One number of classes.** With ten classes throughout, an elbow at ten can mean classes or anything else.

# %% [markdown]
# ## Beyond
#
# ### Smaller networks
#
# Units that are not needed need not be computed. The smaller network without them gives the same outputs as the large
# one with the units masked; what it saves is time and memory.

# %% tags=["hide-input"]
benchmarks = json.loads((execute.ROOT / "book" / "benchmarks.json").read_text())
Markdown(page.compact_found(benchmarks))

# %% [markdown]
# What the measurements themselves cost is on the page [](performance.ipynb): accuracy after each removal is kept up to
# date by subtracting one unit from the next layer's input, and contributions by subtracting one row of products.
#
# ### Other layers, other networks
#
# The instruments take any network whose layers follow one another: `pruning_order`, `pruning_curves`, `compact` and
# `frame_potential` ask for weights, not for a model of this chapter. The report names deeper networks; which of them
# have been run stands in the note under the first figure. The networks of the other chapters have not been measured
# yet.

# %% [markdown]
# ## Provenance
#
# Every number above was computed from the records of these runs. To make those that are missing, into a folder of your
# own, in the order of the chapter:
#
# ```
# python -m spareparts data fetch mnist
# SPAREPARTS_RECORDS=my_records python -m spareparts sweep notebooks/sweeps/redundancy.yaml
# ```
#
# Departures from the report, which leaves these open: what is pruned and measured are the weights of smallest loss on
# 5,000 training images that were held out; where VGG-19's learning rate drops; how a network is trained on after
# pruning; when a unit counts as trained; XORD's numbers of pairs and of inputs; the settings of tickets, widths and
# students. Each is a setting or a named constant of `spareparts.redundancy`. Removed units lose their bias; the
# author's kept it. Initial weights are Gaussian as in Figure 1; the author's code had PyTorch's default, the setting
# `initialization="pytorch"`.

# %% tags=["hide-input"]
tables.asked(rows, configs)

# %% [markdown]
# That was what the parameters at the top ask for. All runs behind this page:

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the runs behind each part"}
records.provenance(page.sources(rows), by="part")
