"""The experiment `language`: train a language model with learned or fixed word vectors, and read its perplexity."""

import functools
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .. import data, engine
from ..records import Diverged, checkpoint_path, weights_path
from ..records.store import commit
from .config import Config
from .embeddings import word_vectors
from .lstm import LanguageModel, count_parameters

UNITS, EPOCHS, COLUMNS, RATE = 512, 40, 20, 20.0  # where the config says nothing
LENGTH = 35  # words that a gradient reaches back
DIVISOR = 4  # of the learning rate after an epoch without a better validation perplexity
CLIP = 0.25  # largest norm of the gradient
READ_COLUMNS = 10  # in which a text is read for its perplexity
LEARNED = ("learned_tied", "learned_untied")
RANKS = (10, 100, 1_000)  # the most frequent words so far, and all others: groups whose perplexity is told apart


def language(
    config: Config, *, device: str | None = None, progress: bool = True
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics of one language model: perplexities, parameters; its weights go to the cache. Raises `Diverged`.

    The engine trains one model at a time: the state that goes from window to window is the model's own.
    """
    device, text, started = engine.choose_device(device), data.load_text(config.corpus), time.perf_counter()
    network = build(config, text).to(device)
    prepared = time.perf_counter() - started
    watch, ended = train(network, config, text, device=device, progress=progress)
    network.load_state_dict(watch.best)
    engine.save_weights(network, weights_path(config), commit=commit())
    losses, targets = word_losses(network, text.test.to(device))
    return about(network, config, text) | {
        "perplexity": math.exp(losses.mean()),
        "perplexity_by_frequency": by_frequency(losses, targets),
        "unigram_perplexity": unigram_perplexity(text),
        "validation_perplexity": watch.perplexities,
        "training_perplexity": [math.exp(min(loss, 50.0)) for loss in ended.losses],
        "rates": watch.rates,
        "best_epoch": watch.best_epoch,
        "vector_seconds": prepared,
        "train_seconds": ended.seconds,
    }, {}


def build(config: Config, text: data.Text) -> LanguageModel:
    """The untrained model of a config."""
    units, draw = config.units or UNITS, data.generator(config.seed)
    fixed = None
    if config.embedding not in LEARNED:
        fixed = word_vectors(config.embedding, text, units=units, seed=config.seed)
    return LanguageModel(
        len(text.vocabulary),
        units,
        generator=draw,
        tied=config.embedding != "learned_untied",
        fixed=fixed,
        normalised=config.normalised,
        scale=config.scale,
        initial_scale=config.initial_scale,
        columns=config.batch_size or COLUMNS,
    )


def train(
    network: LanguageModel, config: Config, text: data.Text, *, device: str, progress: bool
) -> tuple["Perplexities", engine.Outcome]:
    """Train a model in place; what was read after each epoch, and how training ended. Raises `Diverged`."""
    optimizer = torch.optim.SGD(network.parameters(), lr=config.learning_rate or RATE, fused=True)
    windows = data.Windows(text.train.to(device), columns=config.batch_size or COLUMNS, length=LENGTH)
    watch = Perplexities(text.validation.to(device))
    replica = engine.Replica(
        name=f"{config.embedding} {config.corpus} seed {config.seed}",
        network=network,
        objective=objective,
        optimizer=optimizer,
        batches=windows,
        adjust=clip,
        callbacks=(watch,),
    )
    steps = (config.epochs or EPOCHS) * len(windows)
    fit = functools.partial(engine.fit, side_by_side=False, checkpoint=checkpoint_path([config]), progress=progress)
    (ended,) = fit([replica], steps=steps)
    if ended.diverged_step is not None:
        raise Diverged(ended.diverged_step)
    return watch, ended


def objective(network: nn.Module, window: data.Window, settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Mean cross entropy of the next words, in nats."""
    logits = network.carry(window.inputs, begins=window.begins)
    return cross_entropy(logits.flatten(0, 1), window.targets.flatten())


def clip(network: nn.Module) -> None:
    """Scale the gradient down to the largest norm that it may have."""
    nn.utils.clip_grad_norm_(network.parameters(), CLIP)


class Perplexities:
    """Callback that reads the validation perplexity, keeps the best weights, and slows down where it stalls."""

    def __init__(self, validation: Int[Tensor, " words"]) -> None:
        self.validation = validation
        self.perplexities: list[float] = []
        self.rates: list[float] = []  # with which each epoch was trained
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0

    def __call__(self, progress: engine.Progress) -> None:
        """Read once."""
        network, optimizer = progress.replica.network, progress.replica.optimizer
        losses, _ = word_losses(network, self.validation)
        found = math.exp(losses.mean())
        better = not self.perplexities or found < min(self.perplexities)
        self.perplexities.append(found)
        self.rates.append(optimizer.param_groups[0]["lr"])
        if better:
            self.best = {name: value.detach().clone() for name, value in network.state_dict().items()}
            self.best_epoch = len(self.perplexities)
        else:
            optimizer.param_groups[0]["lr"] /= DIVISOR

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {name: getattr(self, name) for name in ("perplexities", "rates", "best", "best_epoch")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with what a checkpoint kept."""
        for name, value in state.items():
            setattr(self, name, value)


@torch.inference_mode()
def word_losses(
    network: LanguageModel, words: Int[Tensor, " words"], *, columns: int = READ_COLUMNS, length: int = LENGTH
) -> tuple[Float[Tensor, " read"], Int[Tensor, " read"]]:
    """The loss of each word of a text but the columns' first ones, in nats, and the words; without dropout.

    The state goes from window to window, so the length of a window makes no difference.
    """
    training, state, losses, targets = network.training, None, [], []
    network.eval()
    windows = data.Windows(words, columns=columns, length=length)
    for _ in range(len(windows)):
        window = next(windows)
        logits, state = network(window.inputs, state)
        losses.append(cross_entropy(logits.flatten(0, 1), window.targets.flatten(), reduction="none"))
        targets.append(window.targets.flatten())
    network.train(training)
    return torch.cat(losses), torch.cat(targets)


def by_frequency(losses: Float[Tensor, " words"], targets: Int[Tensor, " words"]) -> list[float | None]:
    """Perplexity of the words of each group of `RANKS`, most frequent first; None for a group without words."""
    groups = torch.bucketize(targets, torch.tensor(RANKS, device=targets.device), right=True)
    found = [losses[groups == group] for group in range(len(RANKS) + 1)]
    return [math.exp(part.mean()) if len(part) else None for part in found]


def unigram_perplexity(text: data.Text) -> float:
    """Test perplexity of the training part's word frequencies, each counted once more: what knows no context reaches.

    The words of the vocabulary are those of the training part, so no frequency is 0 before that.
    """
    counts = data.frequencies(text).double() + 1
    return math.exp(-(counts / counts.sum()).log()[text.test].mean())


def about(network: LanguageModel, config: Config, text: data.Text) -> dict[str, Any]:
    """Sizes of the model and of the text."""
    tied = config.embedding != "learned_untied"
    counts = count_parameters(len(text.vocabulary), config.units or UNITS, tied=tied)
    scale = None if network.scale is None else float(network.scale.detach())
    return {
        "vocabulary": len(text.vocabulary),
        "train_words": len(text.train),
        "parameters": counts.words + counts.recurrent + counts.bias + (network.scale is not None),
        "trained_parameters": sum(parameter.numel() for parameter in network.parameters()),
        "word_share": counts.share,
        "final_scale": scale,
    }
