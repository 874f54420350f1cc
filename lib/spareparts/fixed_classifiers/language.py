"""The experiment `language`: train a language model with learned or fixed word vectors, and read its perplexity."""

import math
from collections.abc import Mapping

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float, Int
from sklearn.utils.extmath import randomized_svd
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, data, engine, models
from ..data.text import END
from ..records.store import Found, checkpoint_path, commit, weights_path
from ..runs import fit
from .config import Config
from .heads import EPS, scale_of

UNITS, EPOCHS, COLUMNS, RATE = 512, 40, 20, 20.0  # where the config says nothing
LENGTH = 35  # words that a gradient reaches back
DIVISOR = 4  # of the learning rate after an epoch without a better validation perplexity
CLIP = 0.25  # largest norm of the gradient
READ_COLUMNS = 10  # in which a text is read for its perplexity
LEARNED = ("learned_tied", "learned_untied")
RANKS = (10, 100, 1_000)  # the most frequent words so far, and all others: groups whose perplexity is told apart
LAYERS = 2
RANGE = 0.1  # learned word vectors start uniform within it
WINDOW = 5  # words on each side that count as a word's context; ours, as all numbers here
NEGATIVES = 5  # of word2vec
PASSES = 5  # of word2vec over the text
Words, Vectors = Int[Tensor, " words"], Float[Tensor, "vocabulary units"]
Window, Logits = Int[Tensor, "window columns"], Float[Tensor, "window columns vocabulary"]
State = tuple[Tensor, Tensor]  # hidden values and cells, (layers, columns, units) each


class LanguageModel(nn.Module):
    """Logits of the next word, `W h + b`, or `s W h / (||h|| + eps) + b` where normalised, with a learned bias b.

    The input is a row of W itself; where not `tied` the embedding is a matrix of its own. A `fixed` W, rows of norm 1,
    is never trained. The scale s is learned from `initial_scale`, or held at `scale`. Dropout acts on what the first
    layer, the second and the classifier are given. The buffers `hidden` and `cells` carry the state from window to
    window, so that a checkpoint keeps them. Raises `ValueError` for sizes below 1, a scale that is not positive, and a
    fixed W that is not tied.
    """

    def __init__(
        self,
        vocabulary: int,
        units: int,
        *,
        generator: torch.Generator,
        tied: bool = True,
        fixed: Vectors | None = None,
        normalised: bool = False,
        scale: float | None = None,
        initial_scale: float = 1.0,
        dropout: float = 0.5,
        columns: int = 1,
    ) -> None:
        super().__init__()
        checks.whole(1, vocabulary=vocabulary, units=units, columns=columns)
        if fixed is not None and (not tied or fixed.shape != (vocabulary, units)):
            raise ValueError(f"fixed must be tied and {(vocabulary, units)}, got tied={tied} and {tuple(fixed.shape)}")

        draws = (torch.empty(vocabulary, units).uniform_(-RANGE, RANGE, generator=generator) for _ in range(2))
        self.words = nn.Parameter(next(draws)) if fixed is None else nn.Buffer(fixed.clone())
        self.embedding = None if tied else nn.Parameter(next(draws))
        self.layers = nn.ModuleList(nn.LSTM(units, units) for _ in range(LAYERS))
        self.dropouts = nn.ModuleList(models.Dropout(dropout, generator=generator) for _ in range(LAYERS + 1))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        self.scale = scale_of(normalised, scale, initial_scale)
        self.hidden, self.cells = (nn.Buffer(torch.zeros(LAYERS, columns, units)) for _ in range(2))
        for weights in self.layers.parameters():
            nn.init.uniform_(weights, -(units**-0.5), units**-0.5, generator=generator)

    def forward(self, words: Window, state: State | None = None) -> tuple[Logits, State]:
        """Logits of each next word, and the state after the window; it begins from zeros without one."""
        values, ends = functional.embedding(words, self.words if self.embedding is None else self.embedding), []
        for place, layer in enumerate(self.layers):
            before = None if state is None else (state[0][place : place + 1], state[1][place : place + 1])
            values, after = layer(self.dropouts[place](values), before)
            ends.append(after)
        hidden, cells = (torch.cat(tensors) for tensors in zip(*ends, strict=True))
        values = self.dropouts[-1](values)
        if self.scale is not None:
            wide = torch.promote_types(values.dtype, torch.float32)  # half precision has no room for 1 / EPS
            norms = torch.linalg.vector_norm(values, dim=-1, keepdim=True, dtype=wide)
            values = (self.scale * values / (norms + EPS)).to(values.dtype)
        return functional.linear(values, self.words, self.bias), (hidden, cells)

    def carry(self, words: Window, *, begins: bool) -> Logits:
        """Logits that go on from the window before, whose state has no gradient; from zeros where a text begins."""
        logits, (hidden, cells) = self(words, None if begins else (self.hidden, self.cells))
        self.hidden, self.cells = hidden.detach(), cells.detach()
        return logits


# Word vectors that are never trained


def word_vectors(kind: str, text: data.Text, *, units: int, seed: int) -> Vectors:
    """Vectors of norm 1 for every word of a text, from its training part alone: `orthogonal`, `pmi` or `word2vec`."""
    vocabulary = len(text.vocabulary)
    random = orthogonal(vocabulary, units, generator=data.generator(seed))
    if kind == "orthogonal":
        return random
    sizes = {"vocabulary": vocabulary, "units": units, "seed": seed}
    if kind == "pmi":
        return unit_rows(pmi_factors(text.train, **sizes), instead=random)
    return unit_rows(word2vec(text.train, end=text.vocabulary.index(END), **sizes), instead=random)


def unit_rows(vectors: Vectors, *, instead: Vectors) -> Vectors:
    """The directions of the vectors; of the others `instead` where one has none."""
    norms = vectors.norm(dim=1, keepdim=True)
    return torch.where(norms > 1e-8, vectors / norms.clamp(min=1e-8), instead)


def orthogonal(vocabulary: int, units: int, *, generator: torch.Generator) -> Vectors:
    """Random rows of norm 1: orthogonal while there are no more than units, else with orthogonal columns before that.

    The rows are then scaled to norm 1, and point nearly evenly in all directions.
    """
    columns = torch.empty(max(vocabulary, units), min(vocabulary, units), dtype=torch.float64)
    nn.init.orthogonal_(columns, generator=generator)
    rows = columns if vocabulary >= units else columns.t()
    return (rows / rows.norm(dim=1, keepdim=True)).float()


def cooccurrences(words: Words, *, vocabulary: int, window: int) -> scipy.sparse.csr_array:
    """How often two words stand at most `window` places apart, in either order."""
    places, total = words.cpu().numpy(), scipy.sparse.csr_array((vocabulary, vocabulary))
    for distance in range(1, min(window, len(places) - 1) + 1):
        pairs = (places[:-distance], places[distance:])
        total = total + scipy.sparse.coo_array((np.ones(len(pairs[0])), pairs), shape=total.shape).tocsr()
    return total + total.T


def positive_pmi(counts: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Positive pointwise mutual information, `max(log n_ij n / (n_i n_j), 0)`, in nats."""
    found = counts.tocoo()
    row, column = found.coords
    of_rows, of_columns = counts.sum(1), counts.sum(0)
    information = np.log(found.data) + np.log(counts.sum()) - np.log(of_rows[row]) - np.log(of_columns[column])
    kept = information > 0
    return scipy.sparse.csr_array((information[kept], (row[kept], column[kept])), shape=counts.shape)


def pmi_factors(words: Words, *, vocabulary: int, units: int, seed: int) -> Vectors:
    """`U_d sqrt(S_d)` of the truncated SVD `M = U S V^T` of the positive PMI matrix (Levy and Goldberg 2014)."""
    if units > vocabulary:
        raise ValueError(f"units must be at most {vocabulary}, the number of words, got {units}")
    matrix = positive_pmi(cooccurrences(words, vocabulary=vocabulary, window=WINDOW))
    left, values, _ = randomized_svd(matrix, n_components=units, random_state=seed)
    return torch.from_numpy(left * np.sqrt(values)).float()


def word2vec(words: Words, *, vocabulary: int, units: int, end: int, seed: int) -> Vectors:
    """gensim's skip-gram with negative sampling (Mikolov et al. 2013) on the text's lines, which `end` closes."""
    from gensim.models import Word2Vec

    stops = (np.flatnonzero(words.cpu().numpy() == end) + 1).tolist()
    lines = [[str(word) for word in line.tolist()] for line in words.cpu().tensor_split(stops) if len(line)]
    # with more workers than one the vectors would differ from run to run
    own = {"vector_size": units, "window": WINDOW, "negative": NEGATIVES, "epochs": PASSES, "seed": seed}
    model = Word2Vec(lines, min_count=1, sg=1, workers=1, **own)
    vectors = torch.zeros(vocabulary, units)
    vectors[torch.tensor([int(word) for word in model.wv.index_to_key])] = torch.from_numpy(model.wv.vectors.copy())
    return vectors


# The experiment


def language(config: Config, *, device: str | None = None, progress: bool = True) -> Found:
    """Metrics of one language model, perplexities above all; its weights go to the cache. Raises `Diverged`."""
    device, text = engine.choose_device(device), data.load_text(config.corpus)
    network = build(config, text).to(device)
    watch = train(network, config, text, device=device, progress=progress)
    network.load_state_dict(watch.best)
    engine.save_weights(network, weights_path(config), commit=commit())
    losses, targets = word_losses(network, text.test.to(device))
    scale = network.scale
    return {
        "trained_parameters": sum(parameter.numel() for parameter in network.parameters()),
        "final_scale": None if scale is None else float(scale.detach()),
        "perplexity": math.exp(losses.mean()),
        "perplexity_by_frequency": by_frequency(losses, targets),
        "unigram_perplexity": unigram_perplexity(text),
        "validation_perplexity": watch.perplexities,
    }, {}


def build(config: Config, text: data.Text) -> LanguageModel:
    """The untrained model of a config."""
    units, fixed = config.units or UNITS, None
    if config.embedding not in LEARNED:
        fixed = word_vectors(config.embedding, text, units=units, seed=config.seed)
    own = {name: getattr(config, name) for name in ("normalised", "scale", "initial_scale")}
    own |= {"tied": config.embedding != "learned_untied", "columns": config.batch_size or COLUMNS, "fixed": fixed}
    return LanguageModel(len(text.vocabulary), units, generator=data.generator(config.seed), **own)


def train(network: LanguageModel, config: Config, text: data.Text, *, device: str, progress: bool) -> "Perplexities":
    """Train a model in place; what was read after each epoch. Raises `Diverged`."""
    optimizer = torch.optim.SGD(network.parameters(), lr=config.learning_rate or RATE, fused=True)
    windows = data.Windows(text.train.to(device), columns=config.batch_size or COLUMNS, length=LENGTH)
    watch = Perplexities(text.validation.to(device))
    replica = engine.Replica(
        name=f"{config.embedding} {config.corpus} seed {config.seed}",
        network=network,
        objective=objective,
        optimizer=optimizer,
        batches=windows,
        adjust=lambda network: nn.utils.clip_grad_norm_(network.parameters(), CLIP),
        callbacks=(watch,),
    )
    steps = (config.epochs or EPOCHS) * len(windows)
    fit(replica, steps=steps, checkpoint=checkpoint_path([config]), progress=progress)
    return watch


def objective(network: nn.Module, window: data.Window, settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Mean cross entropy of the next words, in nats."""
    logits = network.carry(window.inputs, begins=window.begins)
    return functional.cross_entropy(logits.flatten(0, 1), window.targets.flatten())


class Perplexities(engine.Kept):
    """Callback that reads the validation perplexity, keeps the best weights, and slows down where it stalls."""

    KEPT = ("perplexities", "best")

    def __init__(self, validation: Words) -> None:
        self.validation = validation
        self.perplexities: list[float] = []  # after each epoch
        self.best: dict[str, Tensor] = {}  # weights

    def __call__(self, progress: engine.Progress) -> None:
        """Read once."""
        network = progress.replica.network
        losses, _ = word_losses(network, self.validation)
        found = math.exp(losses.mean())
        if not self.perplexities or found < min(self.perplexities):
            self.best = {name: value.detach().clone() for name, value in network.state_dict().items()}
        else:
            progress.replica.optimizer.param_groups[0]["lr"] /= DIVISOR
        self.perplexities.append(found)


@torch.inference_mode()
def word_losses(
    network: LanguageModel, words: Words, *, columns: int = READ_COLUMNS, length: int = LENGTH
) -> tuple[Float[Tensor, " read"], Int[Tensor, " read"]]:
    """The loss of each word, in nats, and the words; without dropout, columns' first words and what fills no row.

    The state goes from window to window, so the length of a window makes no difference.
    """
    training, state, losses, targets = network.training, None, [], []
    network.eval()
    windows = data.Windows(words, columns=columns, length=length)
    for _ in range(len(windows)):
        window = next(windows)
        logits, state = network(window.inputs, state)
        losses.append(functional.cross_entropy(logits.flatten(0, 1), window.targets.flatten(), reduction="none"))
        targets.append(window.targets.flatten())
    network.train(training)
    return torch.cat(losses), torch.cat(targets)


def by_frequency(losses: Float[Tensor, " words"], targets: Words) -> list[float | None]:
    """Perplexity of the words of each group of `RANKS`, most frequent first; None for a group without words."""
    groups = torch.bucketize(targets, torch.tensor(RANKS, device=targets.device), right=True)
    found = [losses[groups == group] for group in range(len(RANKS) + 1)]
    return [math.exp(part.mean()) if len(part) else None for part in found]


def unigram_perplexity(text: data.Text) -> float:
    """Test perplexity of the training part's word frequencies, each counted once more: without any context."""
    counts = torch.bincount(text.train, minlength=len(text.vocabulary)).double() + 1
    return math.exp(-(counts / counts.sum()).log()[text.test].mean())
