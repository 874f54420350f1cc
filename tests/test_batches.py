import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spareparts.data import Batches, crop_and_flip, generator, load, normalize, to_float


def numbered(count: int, *, batch_size: int, seed: int = 0, **settings) -> Batches:
    rows = torch.arange(count)
    return Batches(rows.float()[:, None], rows, batch_size=batch_size, generator=generator(seed), **settings)


def epoch(batches: Batches) -> list[torch.Tensor]:
    return [next(batches).labels for _ in range(len(batches))]


@settings(max_examples=25)
@given(count=st.integers(1, 50), data=st.data())
def test_an_epoch_visits_every_sample_exactly_once_with_its_label(count, data):
    batches = numbered(count, batch_size=data.draw(st.integers(1, count)), drop_last=False)
    for _ in range(2):
        found = [next(batches) for _ in range(len(batches))]
        assert torch.cat([batch.labels for batch in found]).sort().values.tolist() == list(range(count))
        assert all(torch.equal(batch.inputs[:, 0].long(), batch.labels) for batch in found)


def test_the_order_is_a_permutation_drawn_anew_for_each_epoch_whose_last_batch_is_dropped_or_kept():
    batches, draw, before = numbered(40, batch_size=8, seed=3), generator(3), torch.random.get_rng_state()
    for _ in range(2):
        assert torch.equal(torch.cat(epoch(batches)), torch.randperm(40, generator=draw))
    assert torch.equal(torch.random.get_rng_state(), before)
    batches = numbered(10, batch_size=4)
    assert len(batches) == 2
    assert torch.cat(epoch(batches)).unique().numel() == 8
    assert [len(labels) for labels in epoch(numbered(10, batch_size=4, drop_last=False))] == [4, 4, 2]


@pytest.mark.parametrize("steps", [0, 1, 4, 5, 7])
def test_batches_go_on_from_a_saved_state_as_if_never_stopped(steps):
    def noisy(inputs, *, generator):
        return inputs + torch.rand(inputs.shape, generator=generator)

    whole = numbered(20, batch_size=5, augment=noisy)
    for _ in range(steps):
        next(whole)
    state = whole.state_dict()
    resumed = numbered(20, batch_size=5, seed=9, augment=noisy)
    resumed.load_state_dict(state)
    for _ in range(9):
        expected, found = next(whole), next(resumed)
        assert torch.equal(expected.inputs, found.inputs)
        assert torch.equal(expected.labels, found.labels)


def test_bytes_become_floats_and_normalizing_gives_mean_0_and_deviation_1():
    colour = torch.randint(256, (2, 4, 5, 3), dtype=torch.uint8, generator=generator(0))
    assert torch.equal(to_float(colour), colour.permute(0, 3, 1, 2) / 255)
    assert to_float(colour).is_contiguous()
    grey = load("digits", "test").images
    assert (to_float(grey).shape, to_float(grey).max().item()) == ((360, 1, 8, 8), 1.0)
    images = torch.rand(50, 3, 8, 8, generator=generator(0))
    std, mean = torch.std_mean(images, dim=(0, 2, 3))
    found_std, found_mean = torch.std_mean(normalize(images, mean.tolist(), std.tolist()), dim=(0, 2, 3))
    assert found_mean.numpy() == pytest.approx(0, abs=1e-5)
    assert found_std.numpy() == pytest.approx(1, abs=1e-5)
    assert torch.equal(normalize(images, [0.0] * 3, [1.0] * 3), images)


def images_of(count: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, 6, 8, generator=generator(0)) + 1  # never 0, so that padding can be told apart


def test_every_crop_is_a_window_of_the_padded_image_or_its_mirror_drawn_uniformly():
    images = images_of()
    found = crop_and_flip(images, padding=2, generator=generator(0))
    windows = torch.nn.functional.pad(images, (2,) * 4).unfold(2, 6, 1).unfold(3, 8, 1)  # n c 5 5 6 8
    for image, around in zip(found, windows.movedim(1, 3), strict=True):
        assert any(torch.equal(image, window) or torch.equal(image, window.flip(-1)) for window in around.flatten(0, 1))
    ramp = (torch.arange(8.0) + 1).expand(20_000, 1, 6, 8)
    first = crop_and_flip(ramp, padding=1, generator=generator(0))[:, 0, 3, 3]
    # Column 3 shows pixel 2, 3 or 4; mirrored, column 3 of 8 shows 3, 4 or 5: six equally likely cases.
    shares = torch.bincount(first.long(), minlength=9)[3:7] / 20_000
    assert shares.numpy() == pytest.approx([1 / 6, 1 / 3, 1 / 3, 1 / 6], abs=0.015)


def test_crops_are_fixed_by_the_generator_also_that_of_batches_and_leave_the_input_alone():
    stored = torch.randint(256, (8, 3, 6, 8), dtype=torch.uint8, generator=generator(0))
    before = stored.clone()
    one, other = (crop_and_flip(stored, padding=2, generator=generator(seed)) for seed in (0, 1))
    assert torch.equal(one / 255, crop_and_flip(stored / 255, padding=2, generator=generator(0)))
    assert not torch.equal(one, other) and torch.equal(stored, before)
    images, labels = images_of(), torch.arange(64)
    batches = Batches(images, labels, batch_size=64, generator=generator(5), augment=crop_and_flip)
    by_hand = generator(5)
    order = torch.randperm(64, generator=by_hand)
    assert torch.equal(next(batches).inputs, crop_and_flip(images[order], generator=by_hand))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: numbered(10, batch_size=5).load_state_dict({"position": 3}), r"position must lie in 0\.\.2"),
        *((lambda size=size: numbered(10, batch_size=size), f"number of samples, got {size}") for size in (0, -1, 11)),
        (lambda: Batches(torch.zeros(3, 1), torch.arange(2), batch_size=1, generator=generator(0)), "equally many"),
        *(
            (lambda seed=seed: generator(seed), "seed must be an integer of at least 0")
            for seed in (-1, 1.0, True, None)
        ),
        (lambda: to_float(torch.zeros(2, 4, 5)), r"must be uint8, \(n, h, w\) or \(n, h, w, 3\)"),
        (lambda: to_float(torch.zeros(2, 4, 5, 2, dtype=torch.uint8)), r"must be uint8"),
        (lambda: normalize(torch.zeros(2, 3, 4, 4), [0.0] * 3, [1.0, 0.0, 1.0]), "std must be positive, got"),
        (lambda: crop_and_flip(images_of(), padding=-1, generator=generator(0)), "at least 0, got -1"),
    ],
)
def test_what_makes_no_batches_is_refused(unchecked, ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
