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
# Gradient descent moves every weight of a network with one learning rate. Suppose instead that each weight had a rate
# for each class, so that samples of a class move some weights more than others; parts of the network might then come to
# serve single classes. The paper learns such rates while it trains. It takes one step of training for a layer of the
# network, differentiates through it, and finds that a rate should grow with the square of its class's gradient. On 45
# tabular data sets and with three activation functions it reports more wins than losses against ordinary training. No
# implementation had been published; this one is ours.

# %% tags=["parameters"]
DATASETS = ["all"]  # or names from Table 1; "generated-twonorm" and its like need no files
ACTIVATIONS = ["selu", "relu", "tanh"]
SEEDS = [1]  # the paper has one; our records have more
VARIANTS = ["baseline", "class_rates"]
CUTOFFS = [10, 20, 30]  # epochs; chosen among on validation
LEARNING_RATES = [0.01]  # of the baseline
EPOCHS = 100
MISSING = "list"  # or "run": make the runs that have no record, one on each core
DEMO_EPOCHS = 4
DEMO_SEEDS = [1, 2, 3]
DEMO_RATE_LEARNING_RATE = 1e5

# %% tags=["hide-input", "runs"]
from spareparts import class_rates, records

grid = {"datasets": DATASETS, "activations": ACTIVATIONS, "seeds": SEEDS, "variants": VARIANTS, "cutoffs": CUTOFFS}
configs = class_rates.plan(**grid, learning_rates=LEARNING_RATES, epochs=EPOCHS)
runs = records.load_or_run(configs, class_rates.run, missing=MISSING)

# %% tags=["hide-input"]
from IPython.display import Markdown
from myst_nb import glue

from spareparts import claims, plots
from spareparts.class_rates import controls, demonstration, page, points, tables, totals
from spareparts.class_rates.answer import answer
from spareparts.class_rates.rows import LABELS

rows = records.frame("class_rates")
pairs = class_rates.paired(rows)

# %% [markdown]
# ## In one screen

# %% tags=["hide-input"]
glue("answer", answer(pairs), display=False)
Markdown(page.headline(pairs))

# %% [markdown]
# The figure to remember: what class rates change, set by set. If the method helped, the marks would lie to the right.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot plot: difference of test accuracy between class rates and baseline, one row a data set, one shape an activation, sorted. Most dots lie within one point of zero, on both sides."}, "figure": {"caption": "Test accuracy with class rates minus baseline, on the test half of each data set; mean over the seeds that have run. Blue: class rates better, vermilion: worse, grey: equal. Dashed: no difference, which is what chance gives on average. The axis is logarithmic beyond one point.", "name": "fig-class-rates-differences"}}
plots.accuracy_differences(points.differences(pairs), kinds=LABELS)

# %% tags=["hide-input"]
Markdown(page.protocol_note(pairs))

# %% [markdown]
# What the records say about each of the paper's claims. [](../methods.md) explains the words. Where the claim is a
# count of data sets, the count decides, but only if the sets that have not run could not turn it.

# %% tags=["hide-input"]
ledger = claims.ledger(class_rates.verdicts(rows))
claims.published(ledger[ledger.word == "class_rates"])

# %% [markdown]
# ## The idea
#
# **The update.** Let $w$ be one weight, $L$ the loss of a sample, $\alpha$ the learning rate, and $y$ the sample's
# class as a one-hot vector. The weight has a vector $\mu_w$ with one entry for each class, and moves by (Eq. 1)
#
# $$ w \to w - \alpha\, (\mu_w^\top y)\, \frac{\partial L}{\partial w}. $$
#
# With $\mu_w = (1, \dots, 1)$ this is gradient descent. $\mu$ is no part of the network, so its gradient has to be
# given a meaning first: **continue** the network by the step that it is about to take (Eq. 2),
#
# $$ z(\alpha) = w - \alpha\, (\mu_w^\top y)\, \frac{\partial L}{\partial w}, $$
#
# and ask how the loss at $z$ changes with $\mu$. To leading order in $\alpha$ the answer is (Eq. 5)
#
# $$ \frac{\partial L}{\partial \mu_w^j} = -\alpha\, y^j \Big(\frac{\partial L}{\partial w}\Big)^2 + O(\alpha^2),
#    \qquad\text{so}\qquad
#    \mu_w^j \to \mu_w^j + \alpha_\mu\, \alpha\, y^j \Big(\frac{\partial L}{\partial w}\Big)^2 . $$
#
# What is added is never negative: **$\mu$ only grows**. The paper therefore sets it back to 1 after every half epoch, and
# after 10, 20 or 30 epochs (the *cutoff*) returns to plain gradients.
#
# **For a batch.** The formulas speak of one sample; a batch of $B$ samples leaves a choice. With $a_i$ the inputs of a
# layer, $d_i$ the gradient of sample $i$'s loss at its outputs, and $\circ$ the product entry by entry,
#
# $$ G_j = \frac1B \sum_{i:\, y_i = j} d_i a_i^\top, \qquad
#    W \to W - \alpha \sum_j \mu^j \circ G_j, \qquad \mu^j \to \mu^j + \alpha_\mu \alpha S_j, $$
#
# where $S_j$ is $\frac1B \sum_{i:\, y_i = j} (d_i \circ d_i)(a_i \circ a_i)^\top$, the squares of each sample (`sample`,
# used here), $G_j \circ G_j$ (`class`), or $G_j \circ \sum_k G_k$ (`batch`). Each is exact for a network continued in
# its own way: every sample by its own step, every class by its own, or all by the batch's. All are products of
# matrices, so no gradient of a single sample is ever stored.
#
# **The comparison.** The *baseline* is the same network trained by the same steps with plain gradients, from the same
# weights and with the same batches. Networks follow Table 1 of the paper: 2 to 32 hidden layers, SELU with alpha
# dropout, ReLU or tanh with dropout.

# %% [markdown]
# ### Is the growth of μ the gradient that it claims to be?
#
# Yes. We build the continued network of each form in double precision, differentiate its loss by $\mu$ with autograd, and
# compare with what our optimizer adds.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Relative remainder against alpha on log axes for three forms of the update; all lines fall with slope one."}, "figure": {"caption": "Length of the remainder of Eq. 5 relative to the growth of the rates, for four step sizes: networks of three hidden layers on 128 samples of Twonorm, three seeds and three activations, one line each. Slope 1 here means a remainder of second order in α. Units that cross a kink of their activation scatter some lines.", "name": "fig-class-rates-remainders"}}
plots.remainders(points.remainders(rows))

# %% tags=["hide-input"]
Markdown(page.proof_note(rows))

# %% [markdown]
# ### A demonstration that you can change
#
# Twonorm is two normal distributions in 20 dimensions, drawn here from their definition, so nothing is downloaded. A
# network of 8 layers is trained for a few epochs: by plain SGD, with rates for each class, and with one rate for all
# classes together, grown by the same rule. Where training diverges it is started anew with a tenth of $\alpha_\mu$, as
# in the paper. Change `DEMO_RATE_LEARNING_RATE` ($\alpha_\mu$) or the seeds and run it again.

# %%
common = {"dataset": "generated-twonorm", "epochs": DEMO_EPOCHS}
rated = common | {"arm": "class_rates", "rate_learning_rate": DEMO_RATE_LEARNING_RATE}
demo = []
for seed in DEMO_SEEDS:
    demo += [
        demonstration.follow(class_rates.Config(seed=seed, **common)),
        demonstration.follow(class_rates.Config(seed=seed, **rated)),
        demonstration.follow(class_rates.Config(seed=seed, groups="one", **rated)),
    ]

# %% mystnb={"image": {"alt": "Learning rates per class along training on a log axis: they rise from one and fall back to one at every half epoch, the largest far above the median."}, "figure": {"caption": "The learning rates of the second network above (first seed) after every step: median, 99th percentile and largest over all weights, for each class. Grey lines: resets, twice an epoch.", "name": "fig-class-rates-growth"}}
plots.rates_over_training(demo[1].curves, resets=demo[1].resets)

# %% [markdown]
# The largest rates lie far above the median. Whatever this does, it is not one learning rate slightly raised. But does it
# help? Compare test accuracies within a seed. The table also says which $\alpha_\mu$ training survived.

# %%
demonstration.compared(demo)

# %% [markdown]
# ## Table 2, the paper's beside ours
#
# Accuracy in %, baseline → class rates, **one seed**, as in the paper. The test set is one half of the training file, so
# that most accuracies are multiples of one over half its rows. Ours and the paper's differ in the validation rows, the
# batch size (ours is 128; theirs is not stated) and the weights they start from. The last column is the share of the
# largest class: what a network gets that always names it.

# %% tags=["hide-input", "full-width"]
tables.table_two(pairs)

# %% tags=["hide-input"]
Markdown(page.chance_note(pairs))

# %% [markdown]
# Wins, losses and ties: the paper's counted again from its table, and once more on the same sets as have run here; then
# ours, seed by seed. A tie is an equal number of errors. The sign test is one-sided; ties do not enter it. Where several
# seeds have run, they show how far such a count moves by chance.

# %% tags=["hide-input"]
totals.counts(class_rates.published(pairs))

# %% [markdown]
# ### The same with all seeds
#
# Means over data sets of the mean difference over seeds, in points, with a bootstrap interval over data sets:

# %% tags=["hide-input"]
totals.mean_differences(class_rates.published(pairs))

# %% [markdown]
# McNemar's test looks at the test rows that only one of the two networks gets right. On how many sets is its p below
# 0.05, in favour of class rates and against them? The paper counts this for SELU, uncorrected. Holm's correction is over
# the sets of one activation.

# %% tags=["hide-input"]
totals.mcnemar_counts(class_rates.published(pairs))

# %% [markdown]
# Set by set, in points, with Student's interval where there are three seeds or more, and McNemar's median p:

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show every data set"}
tables.set_by_set(pairs)

# %% [markdown]
# ### All six methods at once
#
# Each data set ranks the six methods. Mean ranks further apart than the critical difference differ by Nemenyi's test.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Critical-difference diagram: mean ranks of the three activations, each with and without class rates."}, "figure": {"caption": "Mean ranks over the data sets that have every method, by test accuracy averaged over seeds; 1 is best, equal ranks are what chance gives. Red bars join methods that do not differ at the 5% level.", "name": "fig-class-rates-ranks"}}
plots.critical_differences(controls.methods(class_rates.published(rows)))

# %% [markdown]
# ## Table 3: neurons that specialise
#
# A hidden neuron counts as *specialised* in a class if a rank-sum test between its activations on this class and on
# all others has $p < 10^{-7}$; the table has the share, averaged over classes. The paper finds no difference, and asks
# no more of it. But the measure has a ceiling. A class with nine test rows or fewer cannot reach such a p value, however
# clear the separation.

# %% tags=["hide-input"]
Markdown(page.ceiling_note(pairs))

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dot plot: share of specialised neurons of both arms, one row a data set, with the ceiling as a black bar; filled and open marks nearly coincide."}, "figure": {"caption": "Specialised neurons on the test half, mean over seeds. Open marks: baseline; filled: class rates. Black bars: the largest share that any network could have.", "name": "fig-class-rates-shares"}}
plots.specialized_shares(points.shares(pairs), kinds=LABELS)

# %% tags=["hide-input", "full-width"]
tables.table_three(pairs)

# %% [markdown]
# Are the shares equal? Over data sets, within 5 points (sets with a ceiling of zero say nothing and are left out):

# %% tags=["hide-input"]
tables.shares(class_rates.published(pairs))

# %% [markdown]
# ## What the paper could not know
#
# **Its counts.** Wins outnumber losses, yet the mean change is below zero in all three columns, and chance is a fair
# explanation for two of the three counts.

# %% tags=["hide-input"]
Markdown(page.sign_note())

# %% [markdown]
# **Its rates grow too fast.** The paper reports that it divided $\alpha_\mu$ by ten where training did not converge. How
# often that was needed it does not say.

# %% tags=["hide-input"]
Markdown(page.divergence_note(rows))

# %% tags=["hide-input"]
controls.divergence(rows)

# %% [markdown]
# **Small sets hardly accumulate anything.**

# %% tags=["hide-input"]
Markdown(page.one_batch_note(pairs))

# %% [markdown]
# **The cutoff** is one more setting tuned on validation than the baseline has. How often each was chosen. Where several
# are best, the smallest is taken; the last column counts these choices.

# %% tags=["hide-input"]
tables.chosen_cutoffs(rows)

# %% [markdown]
# **Official test files.** Some of these sets come with a test file that the paper did not use. Differences there:

# %% tags=["hide-input"]
tables.official(pairs)

# %% tags=["hide-input"]
Markdown(page.official_note(pairs))

# %% [markdown]
# ## Beyond: is it the classes?
#
# Since $\mu$ only grows, the method also raises the learning rate. Three comparisons tell one from the other. *One rate
# for all classes* is the same operation with a single group of samples. *Shuffled groups* has as many groups as there
# are classes, as large, but drawn at random. And *the baseline, tuned* may choose among three learning rates on
# validation, as many settings as there are cutoffs. Positive numbers say that class rates are better, in points.

# %% tags=["hide-input"]
controls.controls(rows)

# %% [markdown]
# What the baseline's tuning did. The paper has $\alpha = 0.01$ throughout: at 0.1, which the source of its Table 1 has for
# about half of the sets, its models diverged.

# %% tags=["hide-input"]
controls.learning_rates(rows)

# %% [markdown]
# The ranks again, with the tuned baselines among the methods, over the sets on which these have run:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Critical-difference diagram: mean ranks of nine methods, the three activations each as a baseline, with class rates, and as a baseline with a tuned learning rate."}, "figure": {"caption": "Mean ranks of nine methods, three of them baselines whose learning rate was chosen on validation; 1 is best, equal ranks are what chance gives. Red bars join methods that do not differ at the 5% level.", "name": "fig-class-rates-ranks-tuned"}}
plots.critical_differences(controls.methods(class_rates.published(rows), tuned=True))

# %% [markdown]
# ### Ablations
#
# On ten small sets with SELU: each line changes one thing about class rates as published. Positive: the change makes
# them better. The paper suggests other groups than classes, by layer or by what else is known of a sample; *clusters of
# inputs* are such groups, by k-means, as many as there are classes.

# %% tags=["hide-input"]
controls.ablations(rows)

# %% [markdown]
# ## Provenance
#
# Every number above was computed from the records of these runs. To make those that are missing, cheapest sets first,
# with controls and ablations:
#
# ```
# python -m spareparts data fetch uci
# SPAREPARTS_RECORDS=my_records python -m spareparts sweep notebooks/sweeps/class_rates.yaml
# ```
#
# Departures from the paper: see the docstring of `spareparts.class_rates` and the settings in its `Config`, each with
# its reason. Among them: batches of 128, plain SGD, initializations, how rates and weights take turns, and two rows of
# Table 1 that differ from their published source (yeast has 3 layers there, wine-quality-red no dropout).

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the runs behind each data set"}
records.provenance(rows)
