"""Which classes and which images a run takes, from its seed alone."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from sklearn.model_selection import train_test_split
from torch import Tensor

Groups = Sequence[Sequence[int]]


def choose_classes(groups: Groups, count: int, *, choice: str, generator: torch.Generator) -> Int[Tensor, " classes"]:
    """Labels of `count` classes out of groups of similar ones, sorted.

    `drawn`: from all alike. `within`: from as few groups as possible. `across`: from as many. Raises `ValueError` for
    more classes than there are and for another choice.
    """
    total = sum(map(len, groups))
    if not 2 <= count <= total:
        raise ValueError(f"count must lie in 2..{total}, the classes, got {count}")
    mixed = [_mixed(group, generator) for group in _mixed(groups, generator)]
    if choice == "within":
        order = [label for group in mixed for label in group]
    elif choice == "across":
        rounds = range(max(map(len, mixed)))
        order = [group[place] for place in rounds for group in mixed if place < len(group)]
    elif choice == "drawn":
        order = _mixed([label for group in groups for label in group], generator)
    else:
        raise ValueError(f"choice must be drawn, within or across, got {choice!r}")
    return torch.tensor(order[:count]).sort().values


def _mixed(items: Sequence, generator: torch.Generator) -> list:
    return [items[place] for place in torch.randperm(len(items), generator=generator).tolist()]


def rows_of(labels: Int[Tensor, " samples"], kept: Int[Tensor, " classes"]) -> Int[Tensor, " rows"]:
    """Numbers of the samples of these classes."""
    return torch.isin(labels, kept.to(labels.device)).nonzero().flatten()


def renumbered(labels: Int[Tensor, " samples"], kept: Int[Tensor, " classes"]) -> Int[Tensor, " samples"]:
    """Labels from 0 on, in the order of the kept classes, which are sorted."""
    return torch.searchsorted(kept.to(labels.device), labels)


def stratified(labels: Int[Tensor, " samples"], count: int, *, seed: int) -> Int[Tensor, " chosen"]:
    """Numbers of `count` samples, of every class its share; `ValueError` unless there are classes..samples of them."""
    classes, total = len(labels.unique()), len(labels)
    if not classes <= count <= total:
        raise ValueError(f"train_samples must lie in {classes}..{total}, got {count}")
    if total - count < classes:  # fewer than the other side of a stratified draw needs
        return torch.arange(count)
    chosen, _ = train_test_split(range(total), train_size=count, stratify=labels.cpu().numpy(), random_state=seed)
    return torch.tensor(chosen)
