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
# Training a network ends somewhere in the space of its weights, and mostly nobody asks what lies elsewhere. The thesis
# asks. It trains a network, leaves a *checkpoint* where it stands, and puts a hill on that place in the loss, so that
# the network rolls away and has to settle somewhere else. Does it find another solution there, and does that cost
# accuracy? And if one keeps the networks that were left on the way, do they make a better ensemble, because what is far
# apart errs differently? The draft at hand breaks off before its results. Its author has published the text that he
# handed in and the curves of his runs; here they stand beside ours.

# %% tags=["parameters"]
EXPERIMENTS = ["journey"]  # or others of distancing.EXPERIMENTS: pair, ensemble, cost
NETWORKS = ["mlp"]  # or others of distancing.NETWORKS
DATASETS = []  # none: what each network was trained on
SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
STRENGTH = [0.0, 1.0]
# Of the following, none stands for the thesis's own choice.
WIDTH = []  # sigma squared
EPOCHS = []  # of the whole journey
CHECKPOINT = []  # epoch of the first checkpoint
CHECKPOINTS = []  # how many, at multiples of that epoch
REDUCTION = []  # over checkpoints: "mean" or "sum"
HALVED_EXPONENT = []
WEIGHT_DECAY = []
LEARNING_RATE = []
SCHEDULE = []  # "constant", "step", "cosine"
PERIOD = []  # epochs of a cycle
PER_BATCH = []
BATCH_SIZE = []
AUGMENT = []
TRAIN_SAMPLES = []
PRECISION = []  # "float32" or "bfloat16"
OTHER = []  # of pairs: "checkpoint", "unpushed", "independent"
KIND = []  # of ensembles: "snapshots", "independent", "bagging", "k_fold", "architectures"
MEMBERS = []
MISSING = "list"  # or "run": make the runs that have no record
DEMO_EPOCHS = 40

# %% tags=["hide-input", "runs"]
from spareparts import distancing, records

asked = {"experiments": EXPERIMENTS, "networks": NETWORKS, "datasets": DATASETS, "seeds": SEEDS}
push = {"strength": STRENGTH, "width": WIDTH, "reduction": REDUCTION, "halved_exponent": HALVED_EXPONENT}
time = {"epochs": EPOCHS, "checkpoint": CHECKPOINT, "checkpoints": CHECKPOINTS}
rates = {"learning_rate": LEARNING_RATE, "schedule": SCHEDULE, "period": PERIOD, "per_batch": PER_BATCH}
training = {"weight_decay": WEIGHT_DECAY, "batch_size": BATCH_SIZE, "augment": AUGMENT, "precision": PRECISION}
networks = {"train_samples": TRAIN_SAMPLES, "other": OTHER, "kind": KIND, "members": MEMBERS}
configs = distancing.plan(**asked, **push, **time, **rates, **training, **networks)
runs = records.load_or_run(configs, distancing.run, missing=MISSING)

# %% tags=["hide-input"]
import json

from IPython.display import Markdown
from myst_nb import glue

from spareparts import claims, execute, plots, stats
from spareparts.distancing import author, author_page, demonstration, draft, mechanism, pace, page, rest, series, tables
from spareparts.distancing import network_page as pages
from spareparts.distancing import network_series as nets
from spareparts.distancing import network_tables as net_tables
from spareparts.distancing.answer import answer

rows = records.frame("distancing")

# %% [markdown]
# ## In one screen

# %% tags=["hide-input"]
ledger = claims.ledger(distancing.verdicts(rows))
ledger = ledger[ledger.word == "distancing"]
glue("answer", answer(rows), display=False)
Markdown(stats.said(page.headline(rows), rest.headline(rows), page.counted(ledger)))

# %% [markdown]
# The figure to remember: the same network twice, equal to the last bit up to its checkpoint. From there on one of the
# two is pushed. If the push did no more than training does anyway, the curves below would stay together; if distance
# had to be paid for with accuracy, the curves above right would part.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss, test accuracy, squared and normalized distance to the checkpoint over epochs, with and without the push."}, "figure": {"caption": "The MLP on MNIST with and without the push: training loss, accuracy on 10,000 test images, squared distance to the checkpoint, and distance of the filters' directions (2: unrelated). Means over n networks, bands from the least to the most. Vertical: the checkpoint. Chance is 10%.", "name": "fig-distancing-journey"}}
mlp = series.chosen(rows, "mlp")
plots.journey_curves(series.journeys(rows, mlp), marks=series.marks(mlp), chance=series.CHANCE)

# %% tags=["hide-input"]
Markdown(page.protocol_note(rows))

# %% [markdown]
# What the records say about each claim. [](../methods.md) explains the words. A claim that holds for some networks and
# not for others is not reproduced; the note beside it says which.

# %% tags=["hide-input"]
claims.published(ledger)

# %% tags=["hide-input"]
Markdown(author_page.finals_own_findings())

# %% [markdown]
# ## The idea
#
# A ball that rolls downhill ends in a valley, and stays there even if a deeper one lies behind the next ridge. One
# could throw it up the ridge. The thesis would rather fill the valley: it puts a hill where the ball lies, and lets
# it roll down. The hill changes the landscape nowhere else, so that once the ball is away, nothing disturbs it. Its
# Figure 2.1 shows a valley with one dimension:

# %% mystnb={"image": {"alt": "A cubic function with a local minimum at two thirds, and the same with a Gaussian hill on that place, which has no minimum."}, "figure": {"caption": "Figure 2.1: a function with a local minimum, and the same with a hill on it. Nothing was trained for this figure, so it has neither n nor chance.", "name": "fig-distancing-hill"}}
plots.hill(draft.figure_2_1())

# %% [markdown]
# The minimum disappears, just so: the figure's hill has the one height at which the curvatures of both cancel. A lower
# hill would leave the minimum, a higher one would move it (the note beside the second claim says where to).
#
# **The penalty.** Let $\theta$ be all weights of the network and $\theta_1, \dots, \theta_C$ those at the checkpoints.
# What is added to the loss is
#
# $$ \frac sC \sum_{c=1}^{C} \exp\Big(-\frac{\lVert \theta - \theta_c \rVert^2}{\sigma^2}\Big), \qquad
#    \text{with the gradient} \qquad
#    -\frac{2s}{C\sigma^2} \sum_{c=1}^{C} (\theta - \theta_c)
#    \exp\Big(-\frac{\lVert \theta - \theta_c \rVert^2}{\sigma^2}\Big) . $$
#
# The *strength* $s$ is how high the hill is, the *width* $\sigma^2$ how far it reaches, in squared distance. This is
# the form of the final text and of the author's code. The draft has a sum in place of the mean (Eq. 2.8) and
# $2\sigma^2$ in place of $\sigma^2$ (Eq. 2.3); its Figure 2.2 has $\sigma^2$ already. Both are settings here,
# `reduction="sum"` and `halved_exponent=True`.

# %% mystnb={"image": {"alt": "The Gaussian kernel of one coordinate for three deviations, as in the figure of the thesis and as in its equation."}, "figure": {"caption": "Figure 2.2: the kernel of one coordinate for three values of the deviation. Solid: as the figure's caption has it; dotted: as Eq. 2.3 has it. Nothing was trained for this figure.", "name": "fig-distancing-kernels"}}
plots.kernels(draft.figure_2_2())

# %% [markdown]
# **How far does it reach?** At the checkpoint itself the push is exactly 0. Only because training never stands still
# does the network leave it. The push is strongest at a squared distance of half a width, and far away nothing is left
# of it. Where did networks end on this curve?

# %% mystnb={"image": {"alt": "Penalty and its force against squared distance in widths, with marks where networks ended."}, "figure": {"caption": "What is left of the penalty, and how hard it pushes (any unit), by squared distance in widths; strength 1. Marks: mean squared distance at which pushed networks ended, ours and the author's; how many networks these are stands in the tables below.", "name": "fig-distancing-reach"}}
plots.reach(mechanism.reach(), marks=mechanism.reached(rows))

# %% [markdown]
# **How fast?** Near the checkpoint and on a flat loss, a step of stochastic gradient descent with learning rate $\eta$
# and momentum $\alpha$ multiplies the displacement by
#
# $$ 1 + \frac{\eta}{1 - \alpha} \cdot \frac{2 s}{\sigma^2} . $$

# %% tags=["hide-input"]
Markdown(page.felt_found())

# %% [markdown]
# The table has these factors for the journeys of this chapter, from the checkpoint to the end, as though the hill never
# ended. They say what the push could do, not what it did: loss and weight decay pull back, and the hill does end.

# %% tags=["hide-input"]
pace.felt(rows)

# %% [markdown]
# **How many weights?** The kernel asks how far all weights together have moved. If each weight of a network moves by as
# much, a larger network has moved further, and is sooner over the hill. The left panel shows what such a move leaves of
# the kernel. So a width that suits one network need not suit another.

# %% mystnb={"image": {"alt": "Kernel and force after the same move of each weight, against the number of weights, for the kernel's gradient and for the gradient as printed."}, "figure": {"caption": "Left: what is left of the kernel once every weight has moved by the same small amount, by the number of weights. Right: length of the push, of the kernel's gradient and of what Eq. 2.13 prints. Vertical: the thesis's networks. Nothing was trained for this figure.", "name": "fig-distancing-dimension"}}
plots.forces_by_dimension(mechanism.dimensions(), marks=mechanism.weights())

# %% [markdown]
# ### The draft's errors
#
# A draft may have errors, and none of these went into the author's code. They are listed because one would meet them
# when programming from the text.
#
# - **Eq. 2.12 and 2.13.** The derivative by one weight has that weight's own distance in the exponent, where the
#   distance of all weights belongs. This is the gradient of another function. In many dimensions it would hardly
#   vanish, as the right panel above shows: every weight would be pushed until it had moved far by itself.
# - **Eq. 2.7 to 2.9.** The cross entropy of Eq. 2.5 has lost its minus, so that the loss would be small where the true
#   class is unlikely.

# %% mystnb={"image": {"alt": "Cross entropy against the probability of the true class, as meant and as printed without its minus."}, "figure": {"caption": "Eq. 2.5 and Eq. 2.7 to 2.9: cross entropy by the probability of the true class, as meant and as printed. Nothing was trained for this figure.", "name": "fig-distancing-printed-loss"}}
plots.printed_losses(draft.losses())

# %% [markdown]
# - **Algorithm 2.** Its velocity already points downhill, and is then subtracted, so that the printed algorithm climbs.

# %% mystnb={"image": {"alt": "Value of the function of figure 2.1 after each step of momentum, as meant and as printed."}, "figure": {"caption": "Algorithm 2 in the valley of Figure 2.1, as meant and as printed: value of the function after each step. Nothing was trained for this figure.", "name": "fig-distancing-printed-steps"}}
plots.printed_steps(draft.algorithm_2())

# %% [markdown]
# - **Eq. 1.13.** A weight decay of $\lambda$ in this equation is one of $2\lambda$ in PyTorch, which is what was used.
#
# ### A demonstration that you can change
#
# A perceptron learns the digits of scikit-learn; half-way it leaves a checkpoint and goes on with three strengths.
# There are few steps, so the strengths are large. Change `DEMO_EPOCHS` at the top, or add a setting below:
# `strengths=[0, 30]`, `width=10.0`, `weight_decay=0.0`, `checkpoints=3` with a smaller `checkpoint`,
# `schedule="cosine", period=10`.

# %%
half = DEMO_EPOCHS // 2
demo = demonstration.demonstration(strengths=[0, 10, 100], epochs=DEMO_EPOCHS, checkpoint=half)

# %% mystnb={"image": {"alt": "Test accuracy and squared distance to the checkpoint over epochs on the digits, a line a strength."}, "figure": {"caption": "The networks trained just now: test accuracy and squared distance to the checkpoint, a line a strength, n = 1 each, so that differences of accuracy decide nothing. Chance is 10%.", "name": "fig-distancing-demo"}}
plots.demonstrated_journeys(demo, mark=half, chance=series.CHANCE)

# %% [markdown]
# The same readings can be watched in TensorBoard, with which the thesis was written: install `spareparts[tensorboard]`
# and pass `listeners=(TensorBoard("runs"),)` with the one from `spareparts.distancing.tensorboard`.

# %% [markdown]
# ## Where the push leads
#
# ### Further, and as accurate?
#
# The thesis trains MobileNetV2 {cite:p}`sandler2018mobilenetv2` and ResNet-32 {cite:p}`he2016deep` on CIFAR-10
# {cite:p}`krizhevsky2009learning` for 600 epochs with a checkpoint at 100, and a perceptron on MNIST
# {cite:p}`lecun1998gradient`. The final text sees no significant loss of accuracy, of three runs each. But a rank
# test of three pairs cannot find anything significant, whatever the difference. So we test the opposite: that the two
# are equal within half a point, and say how likely such a test was to succeed.

# %% tags=["hide-input"]
Markdown(page.journeys_found(rows))

# %% [markdown]
# The table has all lines beside the author's. His test images were cropped and flipped at random like training images,
# so his accuracies belong beside our augmented ones; and what he calls validation images are the test images. We choose
# nothing on either: what is fitted is fitted on 5,000 training images that were held out. Accuracies are means of the
# last ten readings.

# %% tags=["hide-input", "full-width"]
tables.journeys(rows)

# %% [markdown]
# The perceptron with as long a journey as the thesis's other networks had:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss, accuracy and distances over 600 epochs of the MLP, with and without the push."}, "figure": {"caption": "The MLP on MNIST over its longest journey. Means over n networks, bands from the least to the most. Vertical: the checkpoint. Chance is 10%.", "name": "fig-distancing-long"}}
longest = series.chosen(rows, "mlp", longest=True)
known = series.journeys(rows, longest) if longest.length > mlp.length else {}
plots.journey_curves(known, marks=series.marks(longest), chance=series.CHANCE)

# %% [markdown]
# And the ResNets on CIFAR-10. ResNet-20 is not among the thesis's networks, and its journey here is short and on few
# images: the **reduced protocol**. It hardly feels a strength of 1, as the factors above say.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training loss, accuracy and distances over the epochs of ResNet-20 for several strengths."}, "figure": {"caption": "ResNet-20 on part of CIFAR-10, reduced protocol. Means over n networks, bands from the least to the most. Vertical: the checkpoint. Chance is 10%.", "name": "fig-distancing-resnet20"}}
resnet = series.chosen(rows, "resnet_20")
plots.journey_curves(series.journeys(rows, resnet, 0.0, 1.0, 10.0), marks=series.marks(resnet), chance=series.CHANCE)

# %% [markdown]
# Of ResNet-32 and MobileNetV2 the author's ends stand here, and ours where they have run. His networks that were pushed
# all ended further away, and all classified more images correctly, than those that were not:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance from the checkpoint at the end, pushed and not, of all networks with one checkpoint, ours and the author's."}, "figure": {"caption": "Squared distance from the checkpoint at the end of all journeys at a constant rate: a dot a network, marks at means with 95% intervals, arrows from not pushed to pushed; hollow: the author's. Logarithmic. 0 would be the checkpoint itself.", "name": "fig-distancing-ends"}}
plots.pushed_and_not(
    series.ends(rows, series.first_distance, their_measure="squared_distance_0"), label="squared distance", log=True
)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Late test accuracy, pushed and not, of all networks with one checkpoint, ours and the author's."}, "figure": {"caption": "Test accuracy of the same journeys, mean of the last ten readings; the author's on images that were cropped and flipped at random. Chance is 10%.", "name": "fig-distancing-accuracies"}}
plots.pushed_and_not(series.ends(rows, "late_accuracy", their_measure="validation_accuracy"), label="test accuracy, %")

# %% [markdown]
# ### Strength and width
#
# Strength should set how fast and how far a network goes; width how far, at the price of a slower start, since a wider
# hill of the same height is less steep. The final text sees no dip of accuracy after the checkpoint with a strength of
# 1, and deep ones with 10 and 100: its MobileNetV2 falls to 83% and 66%.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance to the checkpoint and test accuracy over epochs since it, by strength and by width."}, "figure": {"caption": "The MLP by strength (left) and width (right): squared distance from the checkpoint (above, logarithmic) and test accuracy (below) over the epochs since it; means over n networks. Dashed: the accuracy at the checkpoint. Chance is 10%.", "name": "fig-distancing-grids"}}
plots.distance_grids(series.grids(rows, mlp), mark=mlp.mark, chance=series.CHANCE)

# %% tags=["hide-input"]
Markdown(stats.said(page.grids_found(rows, "strength"), page.grids_found(rows, "width")))

# %% [markdown]
# The author's runs beside ours. He went on for 100 epochs after the checkpoint with each strength, and for 300 with
# each width; of a width of 1,000 he has no journey of that length.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance and gain in accuracy against strength, of ours and of the author's networks."}, "figure": {"caption": "By strength: squared distance from the checkpoint at the end (left, both axes logarithmic), and points of accuracy over the mean of the same network not pushed (right). A mark a run. Dashed: no gain.", "name": "fig-distancing-strengths"}}
plots.setting_grid(series.grid_points(rows, "strength"), label="strength s")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance and gain in accuracy against width, of ours and of the author's networks."}, "figure": {"caption": "The same by width. The author has no journeys of that length without a push to compare accuracies with.", "name": "fig-distancing-widths"}}
plots.setting_grid(series.grid_points(rows, "width"), label="width")

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers by strength"}
tables.grids(rows, "strength")

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers by width"}
tables.grids(rows, "width")

# %% [markdown]
# ### Several checkpoints
#
# With a new checkpoint every so often, the network is pushed again as soon as it has settled. The draft's section on it
# is empty. In the author's runs MobileNetV2 gains accuracy, and ResNet-32 loses some under the strongest push.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance from the first checkpoint with one and with three checkpoints, pushed and not, ours and the author's."}, "figure": {"caption": "Squared distance from the first checkpoint at the end with one checkpoint and with several: a dot a network, marks at means with 95% intervals; hollow: the author's. What is left without a push changes nothing, so that our journeys that were not pushed serve for both.", "name": "fig-distancing-several"}}
plots.pushed_and_not(series.checkpoint_numbers(rows), label="squared distance", log=True)

# %% tags=["hide-input"]
Markdown(stats.said(page.several_found(rows), author_page.several_in_his_runs()))

# %% tags=["hide-input"]
tables.several(rows)

# %% [markdown]
# ### With a schedule
#
# So far the learning rate stayed as it was, which nobody would do who wants accuracy. Two schedules are compared with
# it: *step*, by which the rate falls to a tenth after each third of a cycle, and *cosine*, by which it falls to 0
# along a cosine; both start anew with each cycle {cite:p}`loshchilov2017sgdr`. A rate that goes up again moves a
# network too, so what is left for the push to do?

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy at the end with constant, step and cosine schedules, pushed and not, ours and the author's."}, "figure": {"caption": "Test accuracy at the end by schedule: a dot a network, marks at means with 95% intervals, arrows from not pushed to pushed; hollow: the author's. Our cycles are shorter than his 150 epochs. Chance is 10%.", "name": "fig-distancing-schedules"}}
found = series.pushed_and_not(rows, author.SCHEDULES, "accuracy", their_measure="validation_accuracy")
plots.pushed_and_not(found, label="test accuracy, %")

# %% tags=["hide-input"]
Markdown(page.schedules_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
tables.schedules(rows)

# %% [markdown]
# ### With too high a rate
#
# This is where the push gained most in the author's runs: cosine restarts from a rate ten times as high. One would like
# to know whether it repairs what the rate spoils, or whether any other remedy would have done as well; his runs cannot
# tell.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy with cosine restarts from the usual rate and from ten times as high a rate, pushed and not, ours and the author's."}, "figure": {"caption": "Test accuracy at the end with cosine restarts from a rate of 0.01 and of 0.1, as in the figure before. Chance is 10%.", "name": "fig-distancing-rates"}}
found = series.pushed_and_not(rows, author.RATES, "accuracy", their_measure="validation_accuracy")
plots.pushed_and_not(found, label="test accuracy, %")

# %% tags=["hide-input"]
Markdown(page.rates_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
tables.rates(rows)

# %% [markdown]
# ### Without weight decay
#
# Weight decay pulls all weights back to 0, and with them the network back from wherever the push has taken it. Without
# it there is more room:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance from the first checkpoint with and without weight decay, pushed and not, ours and the author's."}, "figure": {"caption": "Squared distance from the first checkpoint at the end with and without weight decay, as in the figures before; the author's with three checkpoints and s = 100. Logarithmic.", "name": "fig-distancing-decay"}}
found = series.pushed_and_not(rows, author.DECAYS, series.first_distance, their_measure="squared_distance_0")
plots.pushed_and_not(found, label="squared distance", log=True)

# %% tags=["hide-input"]
Markdown(stats.said(page.decays_found(rows), pace.decay_found(rows)))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
tables.decays(rows)

# %% [markdown]
# ### Where it comes to rest
#
# Push and weight decay together say where a journey ends. Suppose that the loss is flat, so that nothing else acts, let
# $\delta = \theta - \theta_c$ be the displacement, and $\lambda$ the weight decay. Descent changes $\delta$ in
# proportion to
#
# $$ \Big( \frac{2s}{\sigma^2} \exp\Big(-\frac{\lVert \delta \rVert^2}{\sigma^2}\Big) - \lambda \Big) \, \delta
#    - \lambda \theta_c . $$
#
# While the bracket is positive, whatever has moved moves on. It vanishes on a *shell* around the checkpoint, at a
# squared distance of $\sigma^2 \ln \frac{2s}{\lambda \sigma^2}$. What is left there is the last term: weight decay
# still draws at the weights of the checkpoint itself. It leads the network along the shell and a little beyond it,
# until everything cancels at a negative multiple of $\theta_c$, which we call its *mirror image* at zero. Nothing
# here is fitted: the shell follows from the settings alone, the mirror image also from the length of the weights at
# the checkpoint, which is not known of the author's networks.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared distance at the end of each pushed journey beside a bar from the shell to the mirror image, by line and push, ours and the author's."}, "figure": {"caption": "Where pushed journeys with one checkpoint end, a dot a run, and where a flat loss would have them come to rest: bars from the shell to the mirror image, ticks where only one of them exists or is known. The author's are those by strength, 100 epochs after the checkpoint. Logarithmic. A push without effect would end at the same place in all lines of a panel.", "name": "fig-distancing-rest"}}
plots.resting_places(rest.points(rows))

# %% tags=["hide-input"]
Markdown(rest.found(rows))

# %% [markdown]
# A loss is not flat, and yet this is where journeys lead that are long enough. So their distance from the checkpoint
# measures the hill and weight decay rather than the loss, and does not say that another valley lay there. But a network
# of rectifiers whose weights have changed sign is another function: on its way the loss has to rebuild what it computes.

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
rest.table(rows)

# %% [markdown]
# ### Does it turn the step, or lengthen it?
#
# After the checkpoint the loss alone would lead away from it too. So, the draft argues, the push points the same way,
# and makes the step longer rather than turn it. Both gradients can be looked at while training. Let $g$ be that of
# the loss and $p$ that of the penalty. *Turn* would be a small cosine of $g + p$ and $g$; *lengthen*, a ratio $\lVert
# g + p \rVert / \lVert g \rVert$ above 1; *the same way*, a positive cosine of $p$ and $g$.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Cosine of full and loss gradient, ratio of their norms, cosine of push and loss gradient, and penalty, over epochs, by strength."}, "figure": {"caption": "The MLP: what the push does to the gradient, means of a few steps an epoch and over n networks, bands from the least to the most. A cosine of 0 is what unrelated directions have.", "name": "fig-distancing-directions"}}
plots.directions(series.journeys(rows, mlp, 0.1, 1.0, 10.0, 100.0), marks=series.marks(mlp))

# %% tags=["hide-input"]
Markdown(page.directions_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
tables.directions(rows)

# %% [markdown]
# ### A picture of the way
#
# The plane that a journey's points are nearest to, and the loss on it {cite:p}`li2018visualizing`. A plane is little of
# so many dimensions; the titles say how much of the way can be seen in it. And a path that drifts in many
# directions looks like an arc in such a picture, whatever the loss.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Path of one network through the plane of its largest spread with the training loss as colours, not pushed and pushed."}, "figure": {"caption": "The MLP of the smallest seed, not pushed and pushed: its path, its checkpoint, and the training loss around it. n = 1 each.", "name": "fig-distancing-plane"}}
plots.path_planes(series.one_each(rows, mlp), marks=series.marks(mlp))

# %% [markdown]
# ## Is it another solution?
#
# Far away in weights need not mean that anything has changed. BatchNorm takes the length of a filter out of what a
# network computes, so weights can grow without effect. Units can change places. And two places far apart may lie in
# one valley {cite:p}`draxler2018essentially,garipov2018loss`. So we compare four kinds of pairs: the end of a journey
# with its own checkpoint, not pushed and pushed; a pushed network with its *twin* that was not; and two pushed
# networks from different initial weights, which are as different as networks of one kind get.
#
# ### Over a ridge?
#
# The thesis says that the push carries the network over a barrier into another valley. It never looked. On the
# straight line from one network to the other, test error may rise above what lies between that of both ends; by two
# points or more, one calls it a barrier {cite:p}`frankle2020linear`. But a barrier on the line proves little as long
# as a curved way around it may exist, and as long as the same was not measured for a network that nobody pushed. So
# the figure has both, and the line to the second network with its units matched to those of the first
# {cite:p}`ainsworth2023git`. The curve is trained for few steps, from the middle of the line: what it leaves of a
# barrier is an upper bound. BatchNorm statistics are estimated anew at every point; without that most networks of this
# kind would show a barrier that is none.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test error along the line, along a fitted curve, and along the line to the matched network, for four kinds of pairs of MLPs."}, "figure": {"caption": "The MLP: test error on the way from the journey's end (0) to the other network (1); means over n pairs, thin lines single pairs. Dashed, where in sight: chance, 90%.", "name": "fig-distancing-barriers"}}
plots.barriers(nets.pairs(rows, "mlp"), chance=100 - series.CHANCE)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test error along the line, along a fitted curve, and along the line to the matched network, for pairs of MLPs after their longest journey."}, "figure": {"caption": "The same of the MLP after its longest journey.", "name": "fig-distancing-barriers-long"}}
plots.barriers(nets.pairs(rows, "mlp", longest=True), chance=100 - series.CHANCE)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test error along the line, along a fitted curve, and along the line to the matched network, for pairs of ResNet-20."}, "figure": {"caption": "The same of ResNet-20, reduced protocol. Dashed, where in sight: chance, 90%.", "name": "fig-distancing-barriers-resnet"}}
plots.barriers(nets.pairs(rows, "resnet_20"), chance=100 - series.CHANCE)

# %% tags=["hide-input"]
Markdown(stats.said(pages.barriers_found(rows), pages.strangers_found(rows)))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
net_tables.barriers(rows)

# %% [markdown]
# ### Does it answer differently?
#
# What counts in the end is what networks say. They disagree on some images even if they are the same network in
# another mood: two networks that drew their answers from their own probabilities, independently, would disagree by
# what the figure calls the chance level. Less than that means that they are unsure about the same images in the same
# way.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of test images on which two networks disagree with its chance level, and correlation of their errors, by kind of pair."}, "figure": {"caption": "The MLP: test images on which two networks disagree, beside what independent draws from their probabilities would give (left), and correlation of their errors (right; dashed, 0: independent errors). A dot a pair, marks at means.", "name": "fig-distancing-behaviour"}}
plots.disagreements(nets.pairs(rows, "mlp"))

# %% tags=["hide-input"]
Markdown(pages.behaviour_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
net_tables.behaviours(rows)

# %% [markdown]
# ### Is it the same network with its units exchanged?
#
# Units can be permuted without changing what the network computes. Has the push merely moved them around? Matching
# finds the order of the units that brings both networks as near as possible. It is a search and may fail, so it is
# also started from units in random order: what it fails to find then is what it may have missed before.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Squared and normalized distance of pairs of MLPs as they are, after matching units, and after shuffling and matching again."}, "figure": {"caption": "The MLP: squared distance (left) and distance of the filters' directions (right) as they are, after matching, and with the units shuffled before that. A dot a pair. Dashed on the right: unrelated directions.", "name": "fig-distancing-matching"}}
plots.pair_distances(nets.pairs(rows, "mlp"))

# %% tags=["hide-input"]
Markdown(pages.matched_found(rows))

# %% tags=["hide-cell", "full-width"] mystnb={"code_prompt_show": "Show the numbers"}
net_tables.distances(rows)

# %% [markdown]
# ### Is it flatter?
#
# A minimum from which the hill cannot drive the network must be a robust one, the draft says, and flat minima are
# said to generalize {cite:p}`hochreiter1997flat`. Flatness depends on how one measures lengths
# {cite:p}`dinh2017sharp`; we take random steps that are as long, filter by filter, as a given share of the filter
# {cite:p}`li2018visualizing`, and the same random numbers for both networks.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Rise of the training loss against the relative size of a random step, for pushed networks and their twins; log-log."}, "figure": {"caption": "The MLP: rise of the training loss under random steps, by their length relative to the weights, pushed and not; a dot a network, lines through means. Both axes are logarithmic. No rise would be a flat minimum.", "name": "fig-distancing-flatness"}}
plots.loss_rises(nets.rises(rows, "mlp"))

# %% tags=["hide-input"]
Markdown(pages.flatness_found(rows))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
net_tables.flatness(rows)

# %% [markdown]
# ## Ensembles
#
# An ensemble gains as far as its members err differently. Snapshots of one training cost nothing extra
# {cite:p}`huang2017snapshot`, but lie close together, and if distance makes networks err differently, the push should
# help. It stands here beside what else could be done with several networks: snapshots before restarts; networks of
# other initial weights {cite:p}`fort2019deep`; the same trained on images drawn with replacement
# {cite:p}`breiman1996bagging`, or each on a fold of its own. The latter three cost as many trainings as they have
# members.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy of ensembles against the number of members, a line a kind."}, "figure": {"caption": "Ensembles of MLPs, probabilities averaged: test accuracy by the number of members, mean over all choices of so many; dots: runs. Reduced protocol. Chance is 10%.", "name": "fig-distancing-sizes"}}
plots.ensemble_sizes(nets.by_size(rows, "mlp"), chance=series.CHANCE)

# %% tags=["hide-input"]
Markdown(pages.ensembles_found(rows))

# %% tags=["hide-input", "full-width"]
net_tables.combined(rows)

# %% [markdown]
# ### Is it the distance?
#
# Snapshots by strength: further apart, less alike in their errors, better together? The thesis's hope is a chain of two
# links, and either may break.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Error correlation of members and accuracy of their ensemble against their mean squared distance, by strength; lines join a seed."}, "figure": {"caption": "Snapshots of MLPs, reduced protocol: correlation of the members' errors (left) and accuracy of their ensemble (right) against the mean squared distance between members; lines join the strengths of a seed. Dashed: independent errors.", "name": "fig-distancing-gain"}}
plots.distance_and_gain(nets.distance_and_gain(rows, "mlp"))

# %% tags=["hide-input"]
Markdown(pages.gain_found(rows))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of test images by the number of members that agree, a bar a kind of ensemble."}, "figure": {"caption": "Test images by how many members of the ensemble agree on a class, means over n ensembles of MLPs, reduced protocol. Members that guessed would rarely agree.", "name": "fig-distancing-agreement"}}
plots.agreement_shares(nets.agreements(rows, "mlp"))

# %% [markdown]
# The author counted the images on which all snapshots of MobileNetV2 agree. In his runs the push hardly changed that
# number, and with restarts it was by far the largest, although their ensemble was the best: members that are right more
# often agree more often. These counts are quoted from him: unlike his other numbers they cannot be computed from the
# curves that he published, and of how many runs they are is not known.

# %% tags=["hide-input", "full-width"]
net_tables.diversity(rows)

# %% [markdown]
# ### Which average?
#
# The draft averages probabilities and mentions weights; the author's code averages logits. Weights are fitted on the
# held-out training images.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy of single members and of four ways to combine them, by kind of ensemble."}, "figure": {"caption": "Ensembles of MLPs, reduced protocol: test accuracy of single members (their mean) and of four ways to combine them; marks at means with 95% intervals.", "name": "fig-distancing-combinations"}}
plots.combination_accuracies(nets.combinations(rows, "mlp"))

# %% tags=["hide-input"]
Markdown(pages.averaging_found(rows))

# %% [markdown]
# ### Do they know when they are right?
#
# A network that says 90% should be right in nine of ten cases. The mean gap over bins of confidence
# {cite:p}`guo2017calibration` is never 0, even for a perfect predictor, since bins are finite; the figure has that
# level too.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Expected calibration error of single members and of ensembles with its level by chance, by kind."}, "figure": {"caption": "Ensembles of MLPs, reduced protocol: expected calibration error of single members and of ensembles. Grey: what a perfectly calibrated predictor would have on as many images.", "name": "fig-distancing-calibration"}}
plots.calibrations(nets.calibrations(rows, "mlp"))

# %% tags=["hide-input"]
Markdown(pages.calibration_found(rows, "mlp"))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
net_tables.calibrations(rows, "mlp")

# %% [markdown]
# ### Eq. 1.14 as a prediction
#
# The thesis explains why ensembles gain by an equation for regression. If each of $k$ members has an error of variance
# $v$, and two of them a covariance of $c$, then the squared error of their mean is
#
# $$ \frac1k v + \frac{k-1}{k} c . $$
#
# For the vector of a member's probabilities less the true one, this holds exactly if $v$ and $c$ are measured on the
# same images. It becomes a prediction if they come from other images: members and pairs on one half of the test
# images, ensembles of $k$ on the other.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Measured squared error of ensembles against the error that pairs predict on other images, with the diagonal and a margin."}, "figure": {"caption": "Eq. 1.14: squared error of ensembles on one half of the test images against what members and pairs on the other half predict; a mark an ensemble and size, reduced protocol. Dashed: as predicted; dotted: the margin within which the claim counts as right; bars: 95% intervals over images. Equal probabilities for all ten classes would have 0.9.", "name": "fig-distancing-equation"}}
plots.predicted_errors(nets.equation(rows))

# %% tags=["hide-input"]
Markdown(pages.equation_found(rows))

# %% [markdown]
# ### Different architectures
#
# The simplest way to different members is to take different networks. On the digits of scikit-learn, because it is
# quick, and like all ensembles here by the **reduced protocol**:

# %% tags=["hide-input"]
net_tables.combined(rows, dataset="digits")

# %% [markdown]
# ## What a checkpoint costs
#
# Every checkpoint adds a pass over all weights to every step: a distance and a gradient. The thesis expects a
# constant time for each; in the author's runs it was a good part of a training step. Here the gradient is written
# down rather than derived by automatic differentiation, and computed for all layers at once.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Time of the penalty in percent of a training step against the number of checkpoints, log-log, ours and the author's."}, "figure": {"caption": "Time of the penalty with its gradient in % of a training step of 128 images, by the number of checkpoints; a mark a run. Dashed: two percent for each checkpoint. Both axes are logarithmic.", "name": "fig-distancing-cost"}}
plots.checkpoint_costs(nets.costs(rows))

# %% tags=["hide-input"]
benchmarks = json.loads((execute.ROOT / "book" / "benchmarks.json").read_text())
Markdown(stats.said(pages.costs_found(rows), pages.benchmarks_found(benchmarks)))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the numbers"}
net_tables.costs(rows)

# %% [markdown]
# ## What the thesis could not know
#
# - **Equality.** Ranks of three runs of each kind cannot find any difference, which does not mean that there is none.
#   Equality within a margin can be tested, and beside each such test stands the chance that it had.
# - **Whether distance means anything.** It measures weights as they are. Directions of filters, disagreement beside
#   its chance level, and matched units tell more.
# - **Whether a ridge was crossed.** It never measured the loss between two places, nor what lies between the places
#   that any training passes.
# - **Where the push ends.** That the hill and weight decay come to a balance, and where, follows from the settings.
# - **What its test images were.** They were augmented, and everything that was chosen was chosen on them.
# - **The price of the step.** A push that lengthens the step does what a higher learning rate would. Its gains at a
#   rate that is too high, and its losses with a schedule, may have this one cause, which these runs do not test.
#
# ## Provenance
#
# Every number above was computed from the records of these runs. To make those that are missing, into a folder of your
# own, in the order of the chapter:
#
# ```
# python -m spareparts data fetch mnist
# python -m spareparts data fetch cifar10
# SPAREPARTS_RECORDS=my_records python -m spareparts sweep notebooks/sweeps/distancing.yaml
# ```
#
# The cost of checkpoints should be measured while the machine does nothing else. Departures from the thesis: 5,000
# training images are held out; test images are measured as they are and, of CIFAR-10, augmented as well; our cycles
# of schedules and distances between several checkpoints are shorter, and so are all journeys that are called reduced;
# ResNet-20 stands in for ResNet-32 where no GPU was to be had, and is trained in the precision that its name says, with
# weights and distances in float32. Each is a setting of `spareparts.distancing.Config`. The author's numbers come from
# the curves that he published, but for the counts of images on which members agree, which are quoted; runs of his that
# ended before the others of their kind are left out everywhere but here:

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show all of the author's runs"}
tables.author_runs()

# %% tags=["hide-input"]
tables.asked(rows, configs)

# %% [markdown]
# That was what the parameters at the top ask for. All runs behind this page:

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the runs behind each part"}
records.provenance(page.sources(rows), by="part")
