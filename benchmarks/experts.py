"""The soft nearest neighbor loss beside the formula as one would write it first: time and peak memory."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from spareparts import data
from spareparts.experts import soft_nearest_neighbor_loss

from .class_rates import allocated
from .row import Row, timed

FEATURES = 3136  # of the second block at 28 x 28 pixels
CLASSES, TEMPERATURE = 10, 1.0
BATCH = 100  # the paper's
LARGE = (256, 1024, 4096)
ANCHORS = 2  # of the largest batch that the loop is measured on: it takes as long for each
LIMIT = 16  # GiB: the memory of a common laptop


def snnl_time() -> Row:
    """Soft nearest neighbor loss, forward and backward, at the paper's batch, against both plain formulas."""
    embeddings, labels = prepared(BATCH)
    return Row(
        ours=timed(lambda: step(soft_nearest_neighbor_loss, embeddings, labels)),
        other={
            "all pairs at once": timed(lambda: step(all_pairs, embeddings, labels)),
            "anchor by anchor": timed(lambda: anchor_by_anchor(embeddings, labels, anchors=BATCH)),
        },
        goal=10.0,
        unit="ms/step",
        note=f"{subject(BATCH)}, forward and backward: one matrix product against the formula as it reads, with the "
        f"features of all pairs at once, or of one anchor after the other.",
    )


def snnl_time_large() -> Row:
    """The same at the largest batch, where all pairs at once do not fit and only the loop over anchors is left."""
    batch = max(LARGE)
    embeddings, labels = prepared(batch)
    return Row(
        ours=timed(lambda: step(soft_nearest_neighbor_loss, embeddings, labels), steps=batch),
        other=timed(lambda: anchor_by_anchor(embeddings, labels, anchors=ANCHORS), steps=ANCHORS),
        goal=10.0,
        unit="ms/anchor",
        note=f"{subject(batch)}, forward and backward, in milliseconds an anchor: one matrix product against a loop, "
        f"which is measured on {ANCHORS} anchors. All pairs at once do not fit: they would take "
        f"{pairs_memory(batch) / 1024:,.0f} GiB.",
    )


def snnl_memory() -> Row:
    """Peak memory of the loss, forward and backward, against that of all pairs at once, at the paper's batch."""
    peaks = {batch: peak(soft_nearest_neighbor_loss, batch) for batch in (BATCH, *LARGE)}
    plain = peak(all_pairs, BATCH)
    listed = ", ".join(f"{value:,.1f} at {batch:,}" for batch, value in peaks.items())
    return Row(
        ours=lambda: peaks[BATCH],
        other=lambda: plain,
        goal=20.0,
        unit="MiB",
        note=f"{subject(BATCH)}: peak of tensors during forward and backward, embeddings excluded, against all pairs "
        f"at once. Ours by batch, in MiB: {listed}. All pairs grow with the square of the batch and pass {LIMIT} GiB "
        f"at batch {outgrown(plain):,}.",
    )


def subject(batch: int) -> str:
    """What is computed, for the note."""
    return f"Soft nearest neighbor loss of {batch:,} x {FEATURES:,} features, {CLASSES} classes, cosine distance"


def prepared(batch: int) -> tuple[Tensor, Tensor]:
    """Embeddings, non-negative as after ReLU, and labels with every class among them."""
    embeddings = torch.randn(batch, FEATURES, generator=data.generator(1)).relu_().requires_grad_()
    return embeddings, torch.arange(batch) % CLASSES


def step(loss: Callable[..., Tensor], embeddings: Tensor, labels: Tensor) -> Tensor:
    """Gradient of a loss."""
    return torch.autograd.grad(loss(embeddings, labels, temperature=TEMPERATURE), embeddings)[0]


def all_pairs(embeddings: Tensor, labels: Tensor, *, temperature: float) -> Tensor:
    """Eq. 6 as it reads: a batch x batch x features tensor, then sums of exponentials."""
    cosine = functional.cosine_similarity(embeddings[:, None], embeddings[None], dim=2)
    return plain_terms(cosine, labels, torch.arange(len(labels)), temperature).mean()


def anchor_by_anchor(embeddings: Tensor, labels: Tensor, *, anchors: int) -> Tensor:
    """Gradient of the first anchors' terms, one after the other, so that none keeps the others' memory."""
    gradient = torch.zeros_like(embeddings)
    for place in torch.arange(anchors)[:, None]:
        cosine = functional.cosine_similarity(embeddings[place], embeddings, dim=1)
        term = plain_terms(cosine[None], labels, place, TEMPERATURE).sum() / len(labels)
        gradient += torch.autograd.grad(term, embeddings)[0]
    return gradient


def plain_terms(cosine: Tensor, labels: Tensor, places: Tensor, temperature: float) -> Tensor:
    """-ln of the share of an anchor's own class in its neighbours; every anchor has another of its class here."""
    near = torch.exp(-(1 - cosine) / temperature) * (places[:, None] != torch.arange(len(labels)))
    return -torch.log((near * (labels[places][:, None] == labels)).sum(1) / near.sum(1))


def peak(loss: Callable[..., Tensor], batch: int) -> float:
    """Peak memory of a loss and its gradient beyond the embeddings, in MiB."""
    embeddings, labels = prepared(batch)
    return allocated(lambda: step(loss, embeddings, labels))


def pairs_memory(batch: int) -> float:
    """Peak memory in MiB of all pairs at once, from that at the paper's batch: it grows with the square."""
    return peak(all_pairs, BATCH) * (batch / BATCH) ** 2


def outgrown(plain: float) -> int:
    """The batch at which all pairs at once, which take `plain` MiB at the paper's batch, pass the limit."""
    return int(BATCH * (LIMIT * 1024 / plain) ** 0.5) + 1
