"""Folders of images: read in the order that a seed gives, cropped and flipped by it alone."""

import pytest
import torch
from made import CLASSES, folder_of_images

from spareparts import data
from spareparts.data import StreamedBatches, generator, load_folder, sets, streaming

SIZE = 8


@pytest.fixture
def pets(data_folder, monkeypatch):
    monkeypatch.setattr(streaming, "_workers", lambda: 0)
    folder_of_images(data_folder / "pets", train=4, test=2)
    return data_folder / "pets"


def grey(images: torch.Tensor) -> torch.Tensor:
    """The class of each image, by how light it is."""
    mean = torch.tensor(streaming.MEAN).view(3, 1, 1)
    deviation = torch.tensor(streaming.DEVIATION).view(3, 1, 1)
    return ((images * deviation + mean).mean((1, 2, 3)) * 255 / 80).floor().long()


def test_a_folder_is_a_set_with_classes_a_fingerprint_of_names_and_sizes_and_two_splits(pets, monkeypatch):
    assert data.is_folder("pets") and not data.is_folder("cifar10")
    assert data.classes("pets") == CLASSES
    assert "folder" in data.fidelity("pets")
    train, test = (load_folder("pets", split, size=SIZE) for split in ("train", "test"))
    assert train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert len(test.paths) == 6
    with pytest.raises(ValueError, match="which is streamed"):
        data.load("pets", "train")
    before = data.fingerprint("pets")
    assert len(before) == 64 and data.fingerprint("pets") == before
    sets._names_and_sizes.cache_clear()
    (pets / "val" / "bee" / "0.png").rename(pets / "val" / "bee" / "9.png")
    assert data.fingerprint("pets") != before


def test_chunks_are_all_images_in_order_and_of_one_size(pets):
    images = load_folder("pets", "test", size=SIZE)
    chunks = list(images.chunks(4))
    assert [len(chunk) for chunk in chunks] == [4, 2]
    assert chunks[0].shape == (4, 3, SIZE, SIZE)
    assert torch.equal(grey(torch.cat(chunks)), images.labels)
    assert torch.equal(grey(torch.cat(list(images.subset(torch.tensor([5, 0])).chunks(4)))), torch.tensor([2, 0]))


def test_every_image_comes_once_an_epoch_with_its_label_and_without_augmentation_always_the_same(pets):
    batches = StreamedBatches(load_folder("pets", "train", size=SIZE), batch_size=3, generator=generator(1))
    assert len(batches) == 4
    epoch = [next(batches) for _ in range(4)]
    labels = torch.cat([batch.labels for batch in epoch])
    assert sorted(labels.tolist()) == [0] * 4 + [1] * 4 + [2] * 4
    assert torch.equal(grey(torch.cat([batch.inputs for batch in epoch])), labels)
    assert labels.tolist() != sorted(labels.tolist())
    images = load_folder("pets", "train", size=SIZE)
    batch = next(StreamedBatches(images, batch_size=12, generator=generator(1), augment=False))
    whole = torch.cat(list(images.chunks(12)))
    assert torch.equal(batch.inputs.sum((1, 2, 3)).sort().values, whole.sum((1, 2, 3)).sort().values)


def test_a_seed_alone_decides_order_and_crops_however_many_processes_read(pets, monkeypatch):
    images, before = load_folder("pets", "train", size=SIZE), torch.random.get_rng_state()
    one, same, other = (StreamedBatches(images, batch_size=5, generator=generator(seed)) for seed in (1, 1, 2))
    first, second, third = next(one), next(same), next(other)
    assert torch.equal(first.inputs, second.inputs) and torch.equal(first.labels, second.labels)
    assert not torch.equal(first.inputs, third.inputs)
    assert torch.equal(torch.random.get_rng_state(), before)
    monkeypatch.setattr(streaming, "_workers", lambda: 1)
    helped = next(StreamedBatches(images, batch_size=5, generator=generator(1)))
    assert torch.equal(first.inputs, helped.inputs)


@pytest.mark.parametrize("done", [2, 4, 5])
def test_batches_go_on_where_their_state_was_taken(pets, done):
    images = load_folder("pets", "train", size=SIZE)
    one, other = (StreamedBatches(images, batch_size=3, generator=generator(seed)) for seed in (1, 7))
    for _ in range(done):
        next(one)
    other.load_state_dict(one.state_dict())
    for _ in range(6):
        expected, found = next(one), next(other)
        assert torch.equal(expected.inputs, found.inputs) and torch.equal(expected.labels, found.labels)


def test_folders_and_batches_that_cannot_be_are_refused(pets):
    with pytest.raises(ValueError, match="split must be one of train, test, got 'val'"):
        load_folder("pets", "val")
    with pytest.raises(ValueError, match=r"batch_size must lie in 1\.\.12, the number of samples, got 13"):
        StreamedBatches(load_folder("pets", "train"), batch_size=13, generator=generator(1))
    (pets / "val" / "dog").mkdir()
    (pets / "val" / "dog" / "0.png").touch()
    with pytest.raises(ValueError, match="must hold images of the classes of pets, got dog"):
        load_folder("pets", "test")
