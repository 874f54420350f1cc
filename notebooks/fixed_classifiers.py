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
# # Fixed classifiers
#
# *Fix your classifier: the marginal value of training the last weight layer* {cite:p}`hoffer2018fix`
#
# The last layer of a network turns what the network has found in an image, its *features*, into one score for each
# class. It is trained like all others, and with many classes it holds many of the weights. The paper asks whether it
# has to be: draw this layer once, never change it, and let the rest of the network learn to suit it. It reports that
# nothing is lost on images, that something is on text, and that a Hadamard matrix, whose entries are all plus or minus
# one, would even save the memory. Its readers asked what it really costs and saves, and when it fails. This chapter
# measures both.

# %% tags=["parameters"]
EXPERIMENTS = ["images"]  # or others of fixed_classifiers.EXPERIMENTS: language, heads
NETWORKS = ["resnet_20"]  # or others of fixed_classifiers.NETWORKS; the paper's are resnet_56 and larger ones
DATASETS = ["cifar10"]
HEADS = ["learned", "normalised", "orthonormal", "hadamard"]  # or others of fixed_classifiers.HEADS
SEEDS = [1, 2, 3, 4, 5]
EPOCHS = [15]  # none: as published
TRAIN_SAMPLES = [5000]  # none: all images
# Of the following, none stands for the experiment's own choice.
CLASSES = []
CLASS_CHOICE = []  # "drawn", "within" or "across" superclasses
FEATURES = []
LOSS = []  # "cross_entropy", "cosine_squared", "cosine_absolute"
SCALE = []  # none: learned
INITIAL_SCALE = []
SCALE_DECAY = []
SKIP_ONES = []
COORDINATES = []  # "first" or "scattered"
NEGATE = []
BINARISED = []
EMBEDDING = []  # of the language model: one of fixed_classifiers.EMBEDDINGS
UNITS = []
BATCH_SIZE = []
PHASE = []  # of a head that is timed: "training" or "inference"
PRECISION = ["bfloat16"]  # as published: "float32"; or "tf32"
MISSING = "list"  # or "run": make the runs that have no record
DEMO_EPOCHS = 12

# %% tags=["hide-input", "runs"]
from spareparts import fixed_classifiers, records

asked = {"experiments": EXPERIMENTS, "networks": NETWORKS, "datasets": DATASETS, "heads": HEADS, "seeds": SEEDS}
data = {"epochs": EPOCHS, "train_samples": TRAIN_SAMPLES, "classes": CLASSES, "class_choice": CLASS_CHOICE}
data |= {"features": FEATURES, "batch_size": BATCH_SIZE, "precision": PRECISION, "phase": PHASE}
head = {"loss": LOSS, "scale": SCALE, "initial_scale": INITIAL_SCALE, "scale_decay": SCALE_DECAY, "negate": NEGATE}
head |= {"skip_ones": SKIP_ONES, "coordinates": COORDINATES, "binarised": BINARISED}
configs = fixed_classifiers.plan(**asked, **data, **head, embedding=EMBEDDING, units=UNITS)
runs = records.load_or_run(configs, fixed_classifiers.run, missing=MISSING)

# %% tags=["hide-input"]
import json

from IPython.display import Markdown
from myst_nb import glue

from spareparts import claims, execute, plots
from spareparts.fixed_classifiers import cost_page, cost_tables, demonstration, mathematics, page, points, tables
from spareparts.fixed_classifiers.answer import answer

rows = records.frame("fixed_classifiers")
text = cost_page.text_of(rows)

# %% [markdown]
# ## In one screen

# %% tags=["hide-input"]
ledger = claims.ledger(fixed_classifiers.verdicts(rows))
ledger = ledger[ledger.word == "fixed_classifiers"]
glue("answer", answer(rows), display=False)
Markdown(page.said(page.headline(rows), cost_page.saving(), page.counted(ledger)))

# %% [markdown]
# The figure to remember is Figure 2 of the paper: errors on training and on test images while networks learn whose last
# layers differ and nothing else. If the last layer need not be trained, the curves on the right end together, or those of
# fixed layers lower. If fixing has a price that only training images show, as the paper found, the curves on the left
# part.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training and test error over epochs for four kinds of last layer: learned, learned and normalised, random orthonormal, Hadamard."}, "figure": {"caption": "Figure 2: error on training images (left) and test images (right) after each epoch, on CIFAR-10; means over n networks, bands from the least to the most. All heads of a seed stand on the same initial network and see the same batches. Dashed: chance.", "name": "fig-fixed-curves"}}
plots.error_curves(points.curves(rows, points.HEADS, dataset="cifar10"), chance=90)

# %% tags=["hide-input"]
Markdown(page.said(page.protocol_note(rows), page.read_on()))

# %% [markdown]
# What the records say about each claim. [](../methods.md) explains the words. That two accuracies are equal is tested as
# such, by two one-sided tests with a margin fixed beforehand {cite:p}`schuirmann1987comparison`; a large p value of a
# test for a difference would prove nothing.

# %% tags=["hide-input"]
claims.published(ledger)

# %% [markdown]
# ## The idea
#
# **The ordinary layer.** Let $x \in \mathbb{R}^N$ be the features of a sample and $C$ the number of classes. The last
# layer has a row $w_i$ and a bias $b_i$ for each class, all learned; it gives the scores $w_i \cdot x + b_i$, and a
# softmax turns scores into probabilities. That makes $NC$ weights.
#
# **The fixed one.** Replace the rows $w_i$ by rows $q_i$ of length 1 that are drawn once and never change, orthogonal
# to each other. The features are brought to length 1 as well, $\hat x = x / \lVert x \rVert$. Then all products
# $q_i \cdot \hat x$ are cosines, between −1 and 1, which is too little for a softmax that shall ever be sure. So they
# are multiplied by a single learned number, the scale $\alpha$:
#
# $$ v_i = \frac{e^{\alpha\, q_i \cdot \hat x + b_i}}{\sum_j e^{\alpha\, q_j \cdot \hat x + b_j}} . $$
#
# What is left to learn in this layer is the scale and $C$ biases. In the tables, *orthonormal* is this layer with a
# random $Q$; *learned, normalised* has the same formula with learned rows of length 1, so that the two differ in
# nothing but the learning.
#
# **A Hadamard matrix** {cite:p}`hedayat1978hadamard` has entries of 1 and −1 only, and orthogonal rows. With
# Sylvester's construction the entry in row $i$ and column $j$ is $(-1)^{\mathrm{popcount}(i \,\&\, j)}$, so that
# nothing has to be stored, and all products with a vector of $N$ numbers take $O(N \log N)$ additions by the fast
# Walsh–Hadamard transform instead of $N^2$ multiplications. For $C$ classes and $N$ features one takes the first $C$
# rows and $N$ columns, over $\sqrt N$.

# %%
Markdown(mathematics.transform_error())

# %% [markdown]
# ### What a scale allows
#
# How small can the loss become if the scale is $\alpha$? Suppose $C \le N$ and as many samples of every class. A feature
# of length 1 can put at most $\sqrt{C/(C-1)}$ between its own class's cosine and the others', which are then all
# equal. So, by symmetry and because the loss is convex in the scores,
#
# $$ L \;\ge\; \log\Big(1 + (C - 1)\, e^{-\alpha \sqrt{C/(C-1)}}\Big), $$
#
# whatever the network before it computes, and whatever the biases are. For the scales of the paper's Figure 3:

# %%
mathematics.least_losses()

# %% [markdown]
# With a scale of 0.1 no network can on average be surer than the last column says. It may still name the right class,
# since the largest score decides, however small the differences. Whether it *learns* to is another question: its gradients hardly
# depend on whether it is right.
#
# **Why a logarithm?** The paper's Figure 1 shows that the scale grows like the logarithm of time. Suppose that all
# samples are classified correctly and their cosines lie at least $m$ apart. The loss is then about
# $(C-1)\,e^{-\alpha m}$, and following its gradient
#
# $$ \frac{d\alpha}{dt} = m\,(C-1)\,e^{-\alpha m} \quad\Longrightarrow\quad
#    \alpha(t) = \frac1m \log\!\big(e^{\alpha(0)\, m} + m^2 (C-1)\, t\big). $$
#
# The norm of a learned layer grows in the same way, and for the same reason {cite:p}`soudry2018implicit`. But the
# argument needs samples that are all classified correctly, a constant learning rate and no weight decay. Early in
# training none of these holds, so a logarithm has to be compared with other curves.

# %% [markdown]
# ### When rows of a Hadamard matrix are not orthogonal
#
# Whole rows of a Hadamard matrix are orthogonal, truncated ones need not be. The table shows the largest |cosine|
# between the rows of two classes, for networks of this chapter. It is 0 for orthogonal rows and 1 where two classes
# share a row. With more classes than features it cannot be 0: the last column has the least that is possible
# {cite:p}`welch1974lower`. *Paley* is another construction {cite:p}`paley1933orthogonal`, which exists for more sizes;
# *scattered* puts the features into random columns of a larger Sylvester matrix, of which only the places are stored;
# a *tight frame* spreads rows of length 1 evenly.

# %%
mathematics.coherence()

# %%
Markdown(mathematics.coinciding())

# %% [markdown]
# ### The row of ones
#
# The first row of Sylvester's matrix is all ones. Features that come out of a ReLU are never negative, so their product
# with it is the sum of their absolute values, which no other row of signs can exceed. The first class therefore always
# has the largest score, unless the biases say otherwise. The authors' code changes the sign of all scores. Then the
# first class always has the smallest score, and is never named. Leaving the row out treats all classes alike; random
# rows prefer some classes too, but none always. Here are untrained heads of 64 features and 10 classes on random
# features after a ReLU:

# %%
mathematics.row_of_ones()

# %% [markdown]
# A trained network can do something about it. Features that are 0 wherever a class's row has a −1 give this class the
# same score as the first, and the biases decide between the two. What trained networks make of it stands
# {ref}`below <fixed-remedies>`.

# %% [markdown]
# ### A demonstration that you can change
#
# A perceptron with two hidden layers learns the digits of scikit-learn, 8 x 8 pixels, with each of four heads; all start
# from the same weights. Change `DEMO_EPOCHS` at the top, or add a setting below: `scale=0.1`, `initial_scale=10.0`,
# `skip_ones=True`, `features=8`, `train_samples=200`. A head goes without a setting that it does not use.

# %%
demo = demonstration.follow_each(["learned", "normalised", "orthonormal", "hadamard"], epochs=DEMO_EPOCHS)

# %% mystnb={"image": {"alt": "Training and test error over epochs on the digits, a line a head."}, "figure": {"caption": "The networks trained just now: error over epochs. One network a head decides nothing. Dashed: chance.", "name": "fig-fixed-demo"}}
plots.error_curves(points.of_demonstration(demo), chance=90)

# %%
demonstration.compared(demo)

# %% [markdown]
# And how large their heads grew. The dashed line is the value before training; the numbers are the shares of the
# variance that each curve explains.

# %% mystnb={"image": {"alt": "Norm of the learned head and scale of the orthonormal one over training steps, logarithmic, with four fitted curves."}, "figure": {"caption": "Norm of the learned head and scale of the orthonormal one in the demonstration, step by step (black), and four curves fitted to them. Dashed: before training.", "name": "fig-fixed-demo-growth"}}
plots.size_growth(points.sizes_of_demonstration([demo[0], demo[2]]))

# %% [markdown]
# ## The paper's figures and tables
#
# ### Figure 2 and Table 1: accuracy
#
# The curves stand above ({numref}`fig-fixed-curves`). The paper finds the same validation error with a fixed classifier
# as with a learned one, and a considerably higher training error. *Learned, normalised* tells two changes apart: in
# what it shares with the fixed heads, the normalisation is at work and not the fixing.

# %% tags=["hide-input"]
Markdown(page.errors_found(rows))

# %% tags=["hide-input"]
tables.heads(rows)

# %% [markdown]
# And on the hundred classes of CIFAR-100, which are more than the network has features: no hundred rows can be
# orthogonal there, and some rows of a truncated Hadamard matrix even repeat. More on that
# {ref}`below <fixed-more-classes>`.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training and test error over epochs on CIFAR-100 for learned, orthonormal and Hadamard heads and for the squared cosine loss."}, "figure": {"caption": "Figure 2 on CIFAR-100: error on training images (left) and test images (right) after each epoch; means over n networks, bands from the least to the most. Dashed: chance.", "name": "fig-fixed-hundred"}}
plots.error_curves(points.curves(rows, points.HUNDRED, dataset="cifar100"), chance=99)

# %% tags=["hide-input"]
Markdown(page.hundred_found(rows))

# %% tags=["hide-input"]
tables.hundred(rows)

# %% [markdown]
# Table 1 of the paper beside ours, test accuracies in %. Our copy of the text has lost that table; the numbers are
# those that are commonly quoted from it, and we cannot vouch for them.

# %% tags=["hide-input"]
tables.table_one(rows)

# %% [markdown]
# ### Figure 1: how the scale grows
#
# The scale of a fixed head beside the norm of a learned one, over time on a logarithmic axis, where a logarithm is a
# straight line. Four curves $a + b\,f(t)$ are fitted to each, all with two parameters.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Norm of a learned head and scale of an orthonormal head over training steps on a logarithmic axis, with fitted logarithm, square root, line and one over t."}, "figure": {"caption": "Figure 1: norm of learned heads (left) and scale of orthonormal ones (right) over training steps, on CIFAR-10. Grey: networks, black: their mean; coloured: fits to the mean, with the share of the variance that each explains. Dashed: before training.", "name": "fig-fixed-growth"}}
plots.size_growth(points.sizes_over_time(rows))

# %% tags=["hide-input"]
Markdown(page.growth_found(rows))

# %% [markdown]
# The learning rate falls twice, and every fall flattens the curve, which favours a logarithm. Before the first of them
# the comparison is cleaner. Where the two lines of a head disagree in this table, the one over all steps is about the
# learning rate as much as about the head:

# %% tags=["hide-input"]
tables.growth(rows)

# %% [markdown]
# The paper does not say where its scale begins; after Figure 3 it applies weight decay to it. Both decide where a curve
# like that of Figure 1 begins and ends. Ours begins at 1 without decay; here are the alternatives (the authors' code
# begins at 10).

# %% tags=["hide-input"]
Markdown(page.initial_found(rows))

# %% tags=["hide-input"]
tables.initial_scales(rows)

# %% [markdown]
# ### Figure 3: a scale that is held
#
# The scale need not be learned, says the paper: 1 or 10 will do, 0.1 will not. The bound above tells what to expect of
# the loss; the errors are another matter.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training and test error over epochs with a learned scale and with scales held at 0.1, 1 and 10."}, "figure": {"caption": "Figure 3: errors with an orthonormal head whose scale is learned, or held at 0.1, 1 or 10; CIFAR-10. Dashed: chance.", "name": "fig-fixed-scales"}}
plots.error_curves(points.curves(rows, points.HELD, dataset="cifar10"), chance=90)

# %% tags=["hide-input"]
Markdown(page.scales_found(rows))

# %% tags=["hide-input"]
tables.scales(rows)

# %% [markdown]
# ### The cosine loss
#
# With cosines between −1 and 1 one can do without a softmax: ask for a cosine of 1 with the row of the true class and
# of −1 with all others. The formula is lost from our copy of the text, so we take
#
# $$ L = \sum_i \big| q_i \cdot \hat x - y_i \big|^p, \qquad y_i = 1 \text{ for the true class, else } -1, $$
#
# with $p = 1$ (*absolute*) and $p = 2$ (*squared*). Orthonormal rows cannot give what it asks for: the squares of the
# cosines add up to at most 1, so the best that can be had is $1/\sqrt C$ for the true class and $-1/\sqrt C$ for the
# others. The paper reports a slight loss of accuracy, with settings that it does not give; ours are those of the other
# heads.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Training and test error over epochs with cross entropy and with the cosine losses."}, "figure": {"caption": "Errors with an orthonormal head trained by cross entropy or by a cosine loss, on CIFAR-10; means over n networks, bands from the least to the most. Dashed: chance.", "name": "fig-fixed-cosine"}}
plots.error_curves(points.curves(rows, points.LOSSES, dataset="cifar10"), chance=90)

# %% tags=["hide-input"]
Markdown(page.losses_found(rows))

# %% tags=["hide-input"]
tables.losses(rows)

# %% [markdown]
# ### The share of the classifier
#
# How many parameters does fixing save? The paper's networks for small images are ResNets {cite:p}`he2016deep` and
# DenseNets {cite:p}`huang2017densely`; for ImageNet it adds ShuffleNet {cite:p}`zhang2017shufflenet`, which is made for
# small devices, and it looks ahead to the 18,000 classes of JFT-300M {cite:p}`sun2017revisiting`. All of this is
# arithmetic, so we count.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Bars: share of each network's parameters in its classifier, with the published shares as marks."}, "figure": {"caption": "Share of the classifier's weights in all parameters, as counted; marks: as published. For language models the embedding is included. Nothing was trained for this figure, so it has neither n nor chance.", "name": "fig-fixed-shares"}}
counted = cost_tables.shares()
names = [f"{each.network}, {each.data}" for each in counted]
plots.parameter_shares(names, [each.share for each in counted], [each.published for each in counted])

# %% tags=["hide-input"]
Markdown(page.said(cost_page.shares_found(), cost_page.fewer_than_images()))

# %% tags=["hide-cell", "full-width"] mystnb={"code_prompt_show": "Show the numbers"}
cost_tables.parameters()

# %% [markdown]
# ### Language
#
# In a language model the classes are words, and many words are alike. The paper's model has two LSTM layers
# {cite:p}`hochreiter1997long` between an embedding, a row for each word that is read, and a classifier, a row for each
# word that may follow. One matrix can serve as both {cite:p}`press2017using`, and here it may be fixed: random, with
# orthogonal columns; or made from the training text beforehand, by factors of the matrix of pointwise mutual
# information {cite:p}`levy2014neural` or by word2vec {cite:p}`mikolov2013distributed`. The baselines learn it, as one
# matrix (*tied*) or as two.
#
# The paper uses WikiText-2 {cite:p}`merity2016pointer`. Its training part could not be had where this book was made;
# the runs here read Penn Treebank {cite:p}`marcus1993building` with the same model, and shares of parameters are
# given for both vocabularies. Perplexity is the exponential of the mean loss of a word: a model that guesses among $k$
# words has perplexity $k$.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test perplexity of language models by the kind of word vectors, with the level of word frequencies alone."}, "figure": {"caption": "Test perplexity by the kind of word vectors; small dots: models, large: their mean with its 95% interval. Dashed: what the frequencies of words alone give, the level of a model that reads no context.", "name": "fig-fixed-words"}}
plots.word_perplexities(points.perplexities(rows, text), unigram=points.unigram(rows, text))

# %% tags=["hide-input"]
Markdown(cost_page.language_found(rows))

# %% [markdown]
# Which words pay for it? Rare words have few chances to move a learned row anywhere; frequent ones have many.

# %% tags=["hide-input", "full-width"]
cost_tables.language(rows, text)

# %% [markdown]
# ## What the paper could not know
#
# - **How far one network differs from the next.** It has one accuracy for each network and head, and networks of
#   another seed differ as well. Equal accuracies are a claim that needs several pairs, a margin, and the power to find
#   a difference: the verdicts above print it.
# - **Which of two changes matters.** A fixed head is fixed *and* normalised. The control, normalised and learned, is
#   missing from the paper.
# - **Rows that coincide.** It calls a truncated Hadamard matrix's rows orthogonal. They are for some of its networks
#   and not for others, and with more classes than features whole classes may share a row.
# - **What it costs.** Time and memory are argued for, not measured.

# %% [markdown]
# ## Beyond
#
# ### The mechanism: can a sample grow?
#
# Why should the training error be higher? The paper's guess: with a learned head a network may lower the loss of a
# single sample by making its features longer; with normalised features it cannot, and so it has to turn them, which
# takes more. If that is so, norms of features grow with a learned head and not with a normalised one. If they do not
# grow with a learned one either, something else is at work.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Norm of the features over epochs relative to that after the first, a line a head, logarithmic."}, "figure": {"caption": "Norm of the training images' features before the head, over its median after the first epoch: median, and the middle half of the images as a band; means over n networks on CIFAR-10. Dashed: no growth.", "name": "fig-fixed-norms"}}
plots.feature_growth(points.curves(rows, points.HEADS, dataset="cifar10"))

# %% tags=["hide-input"]
Markdown(page.norms_found(rows))

# %% [markdown]
# ### Is it faster to train?
#
# Not in seconds but in epochs: a classifier that holds still might be easier to follow. The first epoch at which each
# test accuracy was reached:

# %% tags=["hide-input"]
Markdown(page.speed_found(rows))

# %% tags=["hide-input", "full-width"]
tables.speed(rows)

# %% [markdown]
# ### More classes, and classes that are alike
#
# The paper's critics suspect that a thousand classes are another matter than two, and the paper itself that correlated
# classes are: orthogonal rows treat a maple and an oak as if they had no more in common than a maple and a road.
# CIFAR-100 answers both. Its hundred classes come in twenty superclasses of five. We draw 2, 10, 20 and 50 of them;
# and ten either *within* few superclasses, so that they are alike, or *across* as many as possible. The *price* is the
# accuracy of a learned head less that of an orthonormal one, on the same classes and images; below 0 the fixed head is
# the better one. With ten classes or more there are equally many images in all, so that with more classes each has
# fewer: the two cannot be told apart here.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Price of fixing in points of accuracy against the number of classes, and for ten classes across and within superclasses."}, "figure": {"caption": "Price of fixing in points of test accuracy: by the number of classes drawn from CIFAR-100 (left), and for classes of many superclasses and of few (right). A mark a pair of networks; lines: means, or the same seed. Dashed: no price.", "name": "fig-fixed-classes"}}
plots.class_prices(points.by_number(rows), points.by_likeness(rows))

# %% tags=["hide-input"]
Markdown(page.said(page.numbers_found(rows), page.likeness_found(rows)))

# %% tags=["hide-input"]
tables.class_prices(rows)

# %% [markdown]
# (fixed-more-classes)=
# ### More classes than features
#
# With $C > N$ the rows cannot be orthogonal. A ResNet for CIFAR has 64 features, so that a hundred classes suffice; two
# narrower ones, with 32 and 16, make it harder. Nothing learned stands between the features and the head. (With
# orthonormal *columns*, as here, rows of the fixed matrix have different lengths.)

# %% tags=["hide-input"] mystnb={"image": {"alt": "Test accuracy of learned and fixed heads on a hundred classes against the number of features."}, "figure": {"caption": "Test accuracy on the hundred classes of CIFAR-100 by the number of features that the head sees; seeds, and their means. Dashed: chance.", "name": "fig-fixed-features"}}
plots.feature_accuracies(points.by_features(rows), chance=1, classes=100)

# %% tags=["hide-input"]
Markdown(page.features_found(rows))

# %% tags=["hide-input"]
tables.features(rows)

# %% [markdown]
# One more reason than geometry is possible. With a hundred classes a scale of 1 cannot make a softmax even moderately
# sure, and training is short: the scale may simply not have had the time to grow. The authors' code begins at 10, so:

# %% tags=["hide-input"]
Markdown(page.starts_found(rows))

# %% tags=["hide-input"]
tables.starts(rows)

# %% [markdown]
# (fixed-remedies)=
# ### Remedies for a truncated Hadamard matrix
#
# A hundred classes on 64 features, with rows that coincide, and with what prevents it:

# %% tags=["hide-input"]
Markdown(page.remedies_found(rows))

# %% tags=["hide-input"]
tables.remedies(rows)

# %% [markdown]
# And the row of ones, with ten classes, after training:

# %% tags=["hide-input"]
Markdown(page.ones_found(rows))

# %% [markdown]
# ### Other heads
#
# Hardt and Ma {cite:p}`hardt2017identity` had left the last layer of a network as it was initialised, without any
# normalisation: *frozen as drawn*. Between learned and fixed lie heads that are learned in part, the product of two thin
# matrices (*low rank*) or with few entries that are not 0 (*sparse*), as the paper suggests for embeddings; both have a
# quarter of the weights. And for binarised networks {cite:p}`hubara2016binarized` it notes that features of ±1 all have
# the same norm, so that normalisation costs nothing: *of signs*.

# %% tags=["hide-input"]
Markdown(page.others_found(rows))

# %% tags=["hide-input"]
tables.others(rows)

# %% [markdown]
# ### What a head costs
#
# The critique's main complaint: a paper about computational cost that measures none. Here are heads alone, on random
# features. A training step is the scores, the cross entropy, the gradients of weights and features, and the
# optimizer's step; inference is the scores. Where the lines of the learned and the Hadamard head cross, the transform's
# $N \log N$ begins to beat the product's $N^2$. Which is faster below depends on the machine.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Milliseconds against the number of features and classes, log-log, for learned, orthonormal and Hadamard heads: training and inference, batch 256 and 1."}, "figure": {"caption": "Time of a pass of the head alone, with as many classes as features, median over rounds. n: measurements of each head and size. Dashed: the size from which the Hadamard head is faster than the learned one. Both axes are logarithmic.", "name": "fig-fixed-times"}}
plots.head_times(points.square(rows), heads=points.TIMED_TITLES, crossings=cost_tables.crossings(rows))

# %% tags=["hide-input"]
Markdown(page.said(cost_page.times_found(rows), cost_page.memory_found(rows)))

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show all times"}
cost_tables.times(rows)

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show memory, files and gradients"}
cost_tables.memory(rows)

# %% [markdown]
# The same comparison with everything else at rest, by `make bench`:

# %% tags=["hide-input"]
benchmarks = json.loads((execute.ROOT / "book" / "benchmarks.json").read_text())
Markdown(cost_page.benchmarks_found(benchmarks))

# %% [markdown]
# ### Is it worth it?
#
# Cost against accuracy in one figure, as the critique asked. On the left, what is trained of the head in the network of
# this chapter; on the right, what a training step of such a head takes once it is large. The best place is at the left
# edge and not below the dashed line.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Change of accuracy against a learned head, over the trained parameters of the head and over the time of its training step; a mark a head."}, "figure": {"caption": "Change of test accuracy on CIFAR-10 against a learned head, mean with Student's 95% interval over n seeds, against the trained parameters of the head (left) and the time of a training step of a head of 4,096 features and classes over a learned one's (right; heads that were timed). On the left, marks with equal numbers are set side by side. Dashed: a learned head.", "name": "fig-fixed-worth"}}
plots.cost_and_accuracy(points.accuracy_and_cost(rows))

# %% tags=["hide-input"]
Markdown(cost_page.worth_found(rows))

# %% [markdown]
# ## Provenance
#
# Every number above was computed from the records of these runs. To make those that are missing, into a folder of your
# own, in the order of the chapter:
#
# ```
# python -m spareparts data fetch cifar10
# python -m spareparts data fetch cifar100
# SPAREPARTS_RECORDS=my_records python -m spareparts sweep notebooks/sweeps/fixed_classifiers.yaml
# ```
#
# Heads should be timed while the machine does nothing else. Departures from the paper, which leaves these open or whose
# text at hand has lost them: the first value of the scale and weight decay on it; the formula of the cosine loss; batch
# sizes; which rows and columns of a Hadamard matrix are taken; all settings of the language model, and its text. Each
# is a setting of `spareparts.fixed_classifiers.Config` or a named constant. Runs that are called reduced depart
# further, by a smaller network, fewer images, epochs or units, or arithmetic in bfloat16. ImageNet's networks run by the
# same functions from a folder of images; they have not been run here.

# %% tags=["hide-input"]
tables.asked(rows, configs)

# %% [markdown]
# That was what the parameters at the top ask for. All runs behind this page:

# %% tags=["hide-cell"] mystnb={"code_prompt_show": "Show the runs behind each part"}
records.provenance(page.sources(rows), by="part")
