"""What heads cost: bytes that follow from their sizes, times that are there, and the size at which two costs cross."""

import pytest
import torch

from spareparts.fixed_classifiers import Config, costs
from spareparts.fixed_classifiers.costs import file_bytes, heads
from spareparts.fixed_classifiers.crossover import crossover
from spareparts.fixed_classifiers.memory import LiveBytes

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


def test_a_training_step_holds_a_learned_matrix_with_gradient_and_momentum_and_inference_the_matrix_alone():
    batch = 4 * 4 * (512 + 300)
    training, inference = (cost(phase=phase)["peak_bytes"] for phase in ("training", "inference"))
    assert 12 * ENTRIES <= training <= 12 * ENTRIES + 10 * batch
    assert 4 * ENTRIES <= inference <= 4 * ENTRIES + 3 * batch
    assert cost(head="hadamard")["peak_bytes"] < 15 * batch


def test_all_heads_can_be_measured():
    for head in ("normalised", "tight_frame", "frozen", "low_rank", "sparse"):
        assert cost(head=head, features=8, classes=12)["peak_bytes"] > 0


def test_a_step_trains_the_head_and_gives_the_gradient_for_the_body():
    head = costs.build(Config(**SMALL))
    before = head.projection.weight.clone()
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
    inputs = torch.ones(2, 512, requires_grad=True)
    gradient = costs.step(head, optimizer, inputs, torch.tensor([0, 1]))
    assert gradient.shape == inputs.shape and gradient.any() and not torch.equal(before, head.projection.weight)


def test_the_files_size_is_that_of_the_file(tmp_path):
    head = costs.build(Config(**SMALL))
    torch.save(head.state_dict(), tmp_path / "head.pt")
    assert file_bytes(head) == pytest.approx((tmp_path / "head.pt").stat().st_size, rel=0.01)


def test_a_head_beyond_the_memory_is_refused_but_for_hadamards():
    huge = SMALL | {"features": 10**7, "classes": 10**6}
    with pytest.raises(
        ValueError, match=r"must fit the memory: 10000000 x 1000000 of a learned head take 12000\d\.\d GB"
    ):
        heads(Config(**huge))
    costs.check_memory(Config(**huge | {"features": 1000, "head": "hadamard"}))


def test_memory_is_counted_once_for_views_and_falls_when_tensors_go():
    with LiveBytes() as memory:
        first = torch.zeros(1000)
        view = first.view(10, 100)[3:]
        assert (memory.live, memory.peak) == (4000, 4000)
        del first
        assert memory.live == 4000
        second = view + 1
        assert memory.live == 4000 + 2800
        del view, second
        assert (memory.live, memory.peak) == (0, 6800)
        memory.reset()
        assert memory.peak == 0


def test_two_power_laws_cross_where_they_are_equal():
    sizes = [1, 10, 100, 1000, 10_000]
    linear, square = [50.0 * size for size in sizes], [float(size) ** 2 for size in sizes]
    assert crossover(sizes, square, linear) == pytest.approx(50)
    assert crossover(sizes, linear, square) is None
    assert crossover(sizes, [100.0] * 5, [1.0] * 5) == 1


def test_a_way_that_becomes_dearer_again_counts_from_its_last_crossing():
    assert crossover([1, 2, 4, 8], [1, 1, 1, 1], [2, 0.5, 2, 0.5]) == pytest.approx(4 * 2**0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([2, 1], [1, 1], [1, 1]), "sizes must be at least one and grow"),
        (([], [], []), "sizes must be at least one and grow"),
        (([1, 2], [1], [1, 1]), "costs must be 2 positive numbers each"),
        (([1, 2], [1, 0], [1, 1]), "costs must be 2 positive numbers each"),
    ],
)
def test_costs_that_cannot_be_compared_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        crossover(*arguments)
