"""Around the training loop: evaluation in batches, cached weights, threads, and the device's name."""

import contextlib
import warnings
from unittest.mock import MagicMock

import pytest
import torch
from torch import nn

from spareparts import processor
from spareparts.data import generator
from spareparts.engine import DamagedFile, cached_weights, describe, device, one_thread, predict, save_weights
from spareparts.engine.checkpoint import read
from spareparts.engine.device import matmul_precision


def network(seed: int = 0) -> nn.Module:
    made = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 3))
    draw = generator(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draw))
    return made


INPUTS = torch.randn(23, 6, generator=generator(1))


@pytest.mark.parametrize("training", [True, False])
def test_prediction_in_batches_is_one_pass_in_evaluation_mode_that_changes_nothing(training, monkeypatch):
    monkeypatch.setattr("spareparts.engine.evaluate.BATCH", 7)
    net = network().train(training)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    scores, classes = predict(net, INPUTS, read=lambda output: (output, output.argmax(1)))
    assert net.training is training
    assert not scores.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert scores.numpy() == pytest.approx(net.eval()(INPUTS).detach().numpy(), abs=1e-5)
    assert torch.equal(scores.argmax(1), classes)


def test_weights_are_read_as_they_were_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "weights.pt"
    save_weights(network(1), path)
    found = cached_weights(network(2), path).state_dict()
    assert all(torch.equal(value, found[name]) for name, value in network(1).state_dict().items())
    monkeypatch.setattr("pathlib.Path.replace", MagicMock(side_effect=OSError(28, "No space left on device")))
    with pytest.warns(UserWarning, match="weights not cached in .*weights.pt: No space left on device"):
        save_weights(network(2), path)
    assert list(path.parent.iterdir()) == [path]
    assert torch.equal(cached_weights(network(3), path)[0].weight, network(1)[0].weight)
    path = path / "weights.pt"  # whose folder is a file
    with pytest.warns(UserWarning, match=r"weights not cached in .*weights.pt/weights.pt"):
        save_weights(network(), path)


def test_weights_that_were_damaged_are_named_and_made_again(tmp_path):
    path = tmp_path / "weights.pt"
    save_weights(network(1), path, commit="abc")
    content, values = path.read_bytes(), network(1)[0].weight.detach().numpy().tobytes()
    assert torch.load(path)["commit"] == "abc" and content.count(values) == 1
    path.write_bytes(content.replace(values, bytes(len(values))))
    with pytest.warns(UserWarning, match="trained again: .*weights.pt is damaged: the checksum of .* is wrong"):
        assert cached_weights(network(2), path) is None
    path.write_bytes(content[:100])
    with pytest.warns(UserWarning, match="weights.pt cannot be read"):
        assert cached_weights(network(2), path) is None
    assert cached_weights(network(2), tmp_path / "none.pt") is None


def test_no_bit_of_a_file_can_be_turned_unnoticed(tmp_path):
    path = tmp_path / "weights.pt"
    save_weights(network(1), path)
    whole, expected = path.read_bytes(), network(1).state_dict()
    for place in torch.randint(len(whole), (200,), generator=torch.Generator().manual_seed(0)).tolist():
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with contextlib.suppress(DamagedFile):
            found = read(path)
            assert all(torch.equal(value, found[name]) for name, value in expected.items())


def test_one_thread_and_tf32_hold_inside_only():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError), one_thread():
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    before = torch.get_float32_matmul_precision()
    with matmul_precision("tf32"):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before


def test_the_devices_name_tells_what_may_change_a_last_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    told = "vendor_id\t: AuthenticAMD\ncpu family\t: {}\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: {}\n"
    names = set()
    for family, flags in ((26, "avx2"), (25, "avx2"), (26, "avx2 amx_bf16")):
        processor.CPUINFO.write_text(told.format(family, flags))
        names.add(describe("cpu"))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    names.add(describe("cpu"))
    assert len(names) == 4
    assert f"AMD EPYC, family 26 model 2, AVX2 and AMX, threads: {torch.get_num_threads()}" in names


@pytest.mark.parametrize(
    ("cpuinfo", "lacks"),
    [
        ("model name\t: Old\nflags\t\t: fma avx2\n", True),
        ("model name\t: New\nflags\t\t: fma avx2 avx512_bf16\n", False),
        ("Features\t: fp asimd bf16\n", False),
    ],
)
def test_of_bfloat16_without_instructions_is_warned(tmp_path, monkeypatch, cpuinfo, lacks):
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(processor.shutil, "which", lambda name: None)
    processor.CPUINFO.write_text(cpuinfo)
    processor.lacks_bfloat16.cache_clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        device.check_precision("bfloat16", "cpu")
        device.check_precision("float32", "cpu")
    assert ["nine times as long as in float32" in str(warning.message) for warning in told] == [True] * lacks
    processor.lacks_bfloat16.cache_clear()
