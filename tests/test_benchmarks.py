"""The benchmarks: what a ratio is, what a merge keeps, what a skipped row says; both sides do the same work."""

import os
from unittest.mock import MagicMock

import benchmarks.engine as engine_rows
import pytest
import torch
from benchmarks import __main__ as command
from benchmarks import experts as snnl_rows
from benchmarks import fixed_classifiers as head_rows
from benchmarks import gpu_session, replicas
from benchmarks.__main__ import subjects
from benchmarks.compare import compare, confined, merge, read
from benchmarks.plain import PlainMixture, plain_objective
from benchmarks.row import Row, Skipped, require, timed
from typer import Typer
from typer.testing import CliRunner

from spareparts import data, experts
from spareparts.experts.training import objective_of


def row(ours=2.0, other=6.0, **settings):
    """A row whose sides take what they are told to."""
    others = {name: iter_side(value) for name, value in other.items()} if isinstance(other, dict) else iter_side(other)
    return Row(ours=iter_side(ours), other=others, goal=2.0, unit="ms/step", note="Fake.", **settings)


def iter_side(values):
    """A side that gives these values in turn, the last for ever; one number stands for itself."""
    queue = list(values) if isinstance(values, list) else [values]
    return lambda: queue.pop(0) if len(queue) > 1 else queue[0]


@pytest.mark.parametrize(
    ("ours", "other", "found"),
    [
        (2.0, 6.0, (2, 6, 3)),  # the larger the better
        ([100, 1, 2, 50], [100, 4, 9, 6], (2, 6, 3)),  # medians without the first round
        (2.0, {"no workers": 8.0, "two workers": 5.0}, (2, 5, 2.5)),  # the fastest of several others counts
    ],
)
def test_the_ratio_is_other_over_ours(ours, other, found):
    row_found = compare("fake", row(ours, other), seconds=0)
    assert (row_found["ours"], row_found["other"], row_found["ratio"]) == found
    assert (row_found["name"], row_found["unit"], row_found["goal"]) == ("fake", "ms/step", 2.0)
    assert "torch" in row_found["versions"]
    assert not isinstance(other, dict) or "no workers 8, two workers 5 ms/step" in row_found["note"]


def test_rounds_are_told_where_they_differ_and_a_timed_side_gives_milliseconds_a_step():
    assert "Medians of 3 rounds, single rounds 3 to 6." in compare("fake", row(2, [9, 6, 8, 12]), seconds=0)["note"]
    assert compare("fake", row(2, 6), seconds=0)["note"] == "Fake. The same in every round."
    calls = []
    assert 0 < timed(lambda: calls.append(1), steps=1000)() < 1 and calls == [1]


def measured(name, device, ratio):
    return {"name": name, "device": device, "ratio": ratio}


def test_a_new_row_replaces_that_of_its_name_and_device_and_no_other(tmp_path):
    path = tmp_path / "book" / "benchmarks.json"
    merge([measured("b", "GPU", 1), measured("b", "CPU", 2), measured("a", "CPU", 3)], path)
    merge([measured("b", "CPU", 9)], path)
    assert [tuple(found.values()) for found in read(path)] == [("a", "CPU", 3), ("b", "CPU", 9), ("b", "GPU", 1)]


@pytest.mark.parametrize("content", ["[{", "{}", "[1]", '[{"name": "a"}]', "null"])
def test_a_file_that_holds_something_else_is_refused_by_name(tmp_path, content):
    path = tmp_path / "benchmarks.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"benchmarks\.json must hold a list"):
        merge([measured("a", "CPU", 1)], path)
    assert path.read_text() == content


def run(monkeypatch, rows, *words):
    """The command with these rows instead of ours."""
    monkeypatch.setattr(command, "subjects", lambda: rows)
    app = Typer(pretty_exceptions_enable=False)
    app.command()(command.run)
    return CliRunner().invoke(app, ["--seconds", "0", *words], env={"COLUMNS": "200"})


def test_a_row_that_cannot_be_measured_here_is_named_with_its_reason_and_the_others_go_on(tmp_path, monkeypatch):
    impossible = MagicMock(side_effect=Skipped("pip install -e '.[bench]'"))
    path, rows = tmp_path / "b.json", {"impossible": impossible, "enough": row, "short": lambda: row(other=3.0)}
    done = run(monkeypatch, rows, "--output", str(path))
    assert done.exit_code == 0 and "impossible: skipped: pip install -e '.[bench]'" in done.output
    assert [found["name"] for found in read(path)] == ["enough", "short"]
    cells = {line.split()[1]: line.split() for line in done.output.splitlines() if line.startswith("│")}
    assert "yes" in cells["enough"] and "no" in cells["short"]  # whether a goal was reached


def test_only_the_named_rows_are_measured_and_a_misspelt_one_is_told(tmp_path, monkeypatch):
    run(monkeypatch, {"one": row, "two": row}, "two", "--output", str(tmp_path / "b.json"))
    assert [found["name"] for found in read(tmp_path / "b.json")] == ["two"]
    assert {"engine_step", "snnl_time", "replicas_cpu", *gpu_session.ROWS} <= set(subjects())
    with pytest.raises(ValueError, match=r"no row 'tow': did you mean two\?"):
        command.choose(["tow"], {"one": row, "two": row})


def test_the_plain_mixture_is_the_same_network_with_the_same_loss_as_ours():
    ours = experts.Mixture(channels=1, size=8, classes=10, experts=3, hidden_units=16, generator=data.generator(0))
    plain = PlainMixture(size=8, classes=10, experts=3, hidden_units=16)
    with torch.no_grad():
        for theirs, block in zip(plain.blocks, ours.blocks, strict=True):
            theirs[0].load_state_dict(block.convolution.state_dict())
        plain.gate.load_state_dict(ours.gate.state_dict())
        for k, expert in enumerate(plain.experts):
            expert[0].weight.copy_(ours.hidden_weight[k])
            expert[0].bias.copy_(ours.hidden_bias[k])
            expert[2].weight.copy_(ours.output_weight[k])
            expert[2].bias.copy_(ours.output_bias[k])
    images, labels = torch.rand(20, 1, 8, 8, generator=data.generator(1)), torch.arange(20) % 10
    objective, settings = objective_of(experts.Config(arm="snnl"))
    expected = objective(ours, data.Batch(images, labels), settings)
    assert plain_objective(plain, images, labels).item() == pytest.approx(expected.item(), rel=1e-5)


def test_committed_ratios_follow_from_both_sides_which_have_the_same_processors():
    for found in read():
        assert found["ratio"] == pytest.approx(found["other"] / found["ours"], rel=2e-3), found["name"]
    before = os.sched_getaffinity(0)
    with confined(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(snnl_rows, "FEATURES", 256)
    monkeypatch.setattr(snnl_rows, "BATCH", 40)
    monkeypatch.setattr(snnl_rows, "LARGE", (50, 80))
    monkeypatch.setattr(head_rows, "SIZE", 256)


def test_both_plain_formulas_have_our_gradient(small):
    embeddings, labels = snnl_rows.prepared(40)
    expected = snnl_rows.step(experts.soft_nearest_neighbor_loss, embeddings, labels)
    at_once = snnl_rows.step(snnl_rows.all_pairs, embeddings, labels)
    looped = snnl_rows.anchor_by_anchor(embeddings, labels, anchors=40)
    torch.testing.assert_close((at_once, looped), (expected, expected), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("batch", [40, 160])
def test_ours_keeps_a_few_batches_of_embeddings_and_of_pairs_but_not_the_features_of_all_pairs(small, batch):
    """In MiB of float32: batch x batch and batch x features, twelve of each at most; no batch x batch x features."""
    unit = 4 / 2**20
    most = 12 * unit * batch * (batch + snnl_rows.FEATURES)
    assert snnl_rows.peak(experts.soft_nearest_neighbor_loss, batch) <= most
    assert snnl_rows.peak(snnl_rows.all_pairs, 40) >= unit * 40 * 40 * snnl_rows.FEATURES


SMALL = ["snnl_time", "snnl_time_large", "snnl_memory", "hadamard_4096", "head_step", "head_inference"]


@pytest.mark.parametrize("name", SMALL)
def test_a_row_can_be_measured(small, name):
    found = compare(name, command.subjects()[name](), seconds=0)
    assert found["ours"] > 0 and found["other"] > 0 and "256" in found["note"]


def test_two_workers_at_once_take_half_the_time_for_a_step_and_one_after_the_other_all_of_it():
    at_5, at_9 = (MagicMock(answer=lambda start=start: ((start, start + 4, 0), None)) for start in (5.0, 9.0))
    assert replicas.together([at_5, at_5], steps=4) == pytest.approx(500)
    assert replicas.together([at_5, at_9], steps=4) == pytest.approx(1000)


def test_without_two_cores_a_library_instructions_or_a_gpu_rows_are_skipped_with_the_reason(monkeypatch):
    monkeypatch.setattr(replicas, "cores", lambda: 1)
    with pytest.raises(Skipped, match="needs 2 cores, found 1"):
        replicas.replicas_cpu()
    with pytest.raises(Skipped, match=r"no_such_library is not installed: pip install .*\[bench\]"):
        require("no_such_library")
    monkeypatch.setattr(engine_rows, "bfloat16_instruction", lambda cpuinfo: None)
    with pytest.raises(Skipped, match="no bfloat16 instructions"):
        engine_rows.engine_bf16_experts()
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for count in (1, 5, 30):
        with pytest.raises(Skipped, match="no CUDA device was found"):
            command.subjects()[f"replicas_gpu_{count}"]()
    with pytest.raises(SystemExit, match="no CUDA device was found: nothing was checked, measured or run"):
        gpu_session.main()


def test_gpu_rows_train_side_by_side_and_a_step_costs_three_forward_passes(monkeypatch):
    draw = torch.Generator()
    images, labels = torch.rand(200, 1, 28, 28, generator=draw), torch.arange(200) % 10
    monkeypatch.setattr(replicas, "on", lambda device: (images, labels))
    monkeypatch.setattr(replicas, "prepared", replicas.prepared.__wrapped__)
    replicas.train(made := replicas.prepared(2, "cpu"), steps=2)
    assert [replica.name for replica in made] == ["seed 1", "seed 2"]
    # two convolutions, five experts of one hidden layer and a gate, a multiplication and an addition each
    forward = 2 * 100 * (28**2 * 9 * 32 + 14**2 * 9 * 32 * 64 + 3136 * (5 * 128 + 5) + 5 * 128 * 10)
    snnl = 2 * 100**2 * (32 * 14**2 + 64 * 7**2)
    first = 2 * 100 * 28**2 * 9 * 32  # the images need no gradient
    assert replicas.flops() == pytest.approx(3 * (forward + snnl) - first, rel=0.01)
