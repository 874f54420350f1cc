"""What heads cost: bytes that follow from their sizes, and times that are there."""

import pytest
import torch

from spareparts.fixed_classifiers import Config, costs
from spareparts.fixed_classifiers.costs import heads

SMALL = {"experiment": "heads", "features": 512, "classes": 300, "batch_size": 4}
ENTRIES = 512 * 300


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr(costs, "SECONDS", 0.0)


def cost(**settings):
    metrics, arrays = heads(Config(**SMALL | settings))
    assert arrays == {} and len(metrics["milliseconds"]) == costs.FEWEST
    assert min(metrics["milliseconds"]) > 0
    return metrics


def test_a_hadamard_head_has_no_bytes_of_matrix_and_a_learned_one_four_for_each_entry():
    found = {head: cost(head=head) for head in ("learned", "orthonormal", "hadamard")}
    for name in ("matrix_bytes", "held_matrix_bytes"):
        assert [found[head][name] for head in found] == [4 * ENTRIES, 4 * ENTRIES, 0]
    assert [found[head]["gradient_bytes"] for head in found] == [4 * (ENTRIES + 300), 4 * 301, 4 * 301]
    assert found["hadamard"]["file_bytes"] < 8192 < 4 * ENTRIES < found["learned"]["file_bytes"]


def test_a_small_hadamard_head_holds_what_it_does_not_store():
    found = cost(head="hadamard", features=16, classes=10)
    assert (found["matrix_bytes"], found["held_matrix_bytes"]) == (0, 4 * 160)


def test_all_heads_can_be_measured():
    for head in ("normalised", "tight_frame", "frozen", "low_rank", "sparse"):
        assert cost(head=head, features=8, classes=12)["gradient_bytes"] > 0


def test_a_step_trains_the_head_and_gives_the_gradient_for_the_body():
    head = costs.build(Config(**SMALL))
    before = head.projection.weight.clone()
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
    inputs = torch.ones(2, 512, requires_grad=True)
    gradient = costs.step(head, optimizer, inputs, torch.tensor([0, 1]))
    assert gradient.shape == inputs.shape and gradient.any() and not torch.equal(before, head.projection.weight)
