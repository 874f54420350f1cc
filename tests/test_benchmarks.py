"""The benchmarks: what a ratio is, what a merge keeps, what a skipped row says; both sides do the same work."""

import math
import os

import benchmarks.engine as engine_rows
import pytest
import torch
from benchmarks import __main__ as command
from benchmarks.compare import compare, confined, merge, read
from benchmarks.plain import PlainMixture, plain_objective
from benchmarks.row import Row, Skipped, require, timed
from typer import Typer
from typer.testing import CliRunner

from spareparts import data, experts
from spareparts.experts.training import objective_of
from spareparts.records import RecordError


def row(ours=2.0, other=6.0, **settings):
    """A row whose sides take what they are told to."""
    others = {name: iter_side(value) for name, value in other.items()} if isinstance(other, dict) else iter_side(other)
    return Row(ours=iter_side(ours), other=others, goal=2.0, unit="ms/step", note="Fake.", **settings)


def iter_side(values):
    """A side that gives these values in turn, the last for ever; one number stands for itself."""
    queue = list(values) if isinstance(values, list) else [values]
    return lambda: queue.pop(0) if len(queue) > 1 else queue[0]


def test_the_ratio_is_other_over_ours_so_that_larger_is_better():
    found = compare("fake", row(ours=2.0, other=6.0), seconds=0)
    assert (found["ours"], found["other"], found["ratio"], found["goal"]) == (2.0, 6.0, 3.0, 2.0)
    assert found["name"] == "fake" and found["unit"] == "ms/step" and "torch" in found["versions"]


def test_a_ratio_is_that_of_the_medians_without_the_first_round():
    found = compare("fake", row(ours=[100, 1, 2, 50], other=[100, 4, 9, 6]), seconds=0)
    assert (found["ours"], found["other"], found["ratio"]) == (2, 6, 3)


def test_of_several_others_the_fastest_counts_and_all_are_named():
    found = compare("fake", row(ours=2.0, other={"no workers": 8.0, "two workers": 5.0}), seconds=0)
    assert found["ratio"] == 2.5
    assert "no workers 8, two workers 5 ms/step" in found["note"]


def test_rounds_are_told_where_they_differ_and_not_where_bytes_are_counted():
    assert "Medians of 3 rounds, single rounds 3 to 6." in compare("fake", row(2, [9, 6, 8, 12]), seconds=0)["note"]
    assert compare("fake", row(2, 6), seconds=0)["note"] == "Fake. The same in every round."


def test_sides_are_measured_in_turns():
    calls = []
    sides = {name: lambda name=name: calls.append(name) or 1.0 for name in "AB"}
    compare("fake", Row(ours=sides["A"], other=sides["B"], goal=1, unit="s", note=""), seconds=0)
    assert "".join(calls) == "AB" * (len(calls) // 2)


def test_a_timed_side_gives_milliseconds_a_step():
    calls = []
    assert 0 < timed(lambda: calls.append(1), steps=1000)() < 1 and calls == [1]


def measured(name, device, ratio):
    return {"name": name, "device": device, "ratio": ratio}


def test_a_new_row_replaces_that_of_its_name_and_device_and_no_other(tmp_path):
    path = tmp_path / "book" / "benchmarks.json"
    merge([measured("b", "GPU", 1), measured("b", "CPU", 2), measured("a", "CPU", 3)], path)
    merge([measured("b", "CPU", 9)], path)
    assert [tuple(found.values()) for found in read(path)] == [("a", "CPU", 3), ("b", "CPU", 9), ("b", "GPU", 1)]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "benchmarks.json"
    merge([measured("a", "CPU", 1)], path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RecordError, match="No space left"):
        merge([measured("a", "CPU", 2)], path)
    assert read(path) == [measured("a", "CPU", 1)]
    assert list(tmp_path.iterdir()) == [path]


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
    def impossible():
        raise Skipped("pip install -e '.[bench]'")

    path = tmp_path / "benchmarks.json"
    done = run(monkeypatch, {"impossible": impossible, "fake": row}, "--output", str(path))
    assert done.exit_code == 0, done.output
    assert "impossible: skipped: pip install -e '.[bench]'" in done.output
    assert [found["name"] for found in read(path)] == ["fake"]


def test_the_table_says_whether_a_goal_was_reached(tmp_path, monkeypatch):
    rows = {"enough": row, "short": lambda: row(other=3.0)}
    lines = run(monkeypatch, rows, "--output", str(tmp_path / "b.json")).output.splitlines()
    cells = {line.split()[1]: line.split() for line in lines if line.startswith("│")}
    assert "yes" in cells["enough"] and "no" in cells["short"]


def test_only_the_named_rows_are_measured_and_a_misspelt_one_is_told(tmp_path, monkeypatch):
    path = tmp_path / "benchmarks.json"
    run(monkeypatch, {"one": row, "two": row}, "two", "--output", str(path))
    assert [found["name"] for found in read(path)] == ["two"]
    with pytest.raises(ValueError, match=r"no row 'tow': did you mean two\?"):
        command.choose(["tow"], {"one": row, "two": row})


def test_every_row_of_the_folder_is_found():
    expected = {"engine_step", "engine_loader_lenet", "engine_loader_experts", "engine_bf16_experts"}
    assert expected <= set(command.subjects())


def test_a_library_that_is_not_installed_is_named_with_the_command_that_installs_it():
    with pytest.raises(Skipped, match=r"no_such_library is not installed: pip install .*\[bench\]"):
        require("no_such_library")


@pytest.mark.parametrize(
    ("cpuinfo", "instruction"),
    [
        ("flags\t: fpu avx512f avx512_bf16 amx_bf16\n", "amx_bf16"),
        ("flags\t: fpu avx512f avx512_bf16\n", "avx512_bf16"),
        ("Features\t: fp asimd bf16\n", "bf16"),
        ("flags\t: fpu avx2 avx512_bf16x\n", None),
        ("", None),
    ],
)
def test_a_processors_bfloat16_instruction_is_known_by_name(cpuinfo, instruction):
    assert engine_rows.bfloat16_instruction(cpuinfo) == instruction


def test_a_processor_without_bfloat16_skips_that_row(monkeypatch):
    monkeypatch.setattr(engine_rows, "bfloat16_instruction", lambda cpuinfo: None)
    with pytest.raises(Skipped, match="no bfloat16 instructions"):
        engine_rows.engine_bf16_experts()


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


@pytest.mark.slow
def test_the_engine_and_lightning_both_train_what_they_are_given(monkeypatch):
    pytest.importorskip("lightning")
    images = torch.randint(256, (400, 28, 28), dtype=torch.uint8, generator=data.generator(0))
    monkeypatch.setattr(engine_rows, "mnist", lambda: (images, torch.arange(400) % 10, "nothing"))
    monkeypatch.setattr(engine_rows, "WORKERS", (0,))
    found = compare("lenet", engine_rows.engine_loader_lenet(), seconds=0)
    assert math.isfinite(found["ratio"]) and "lightning" in found["versions"]


def test_the_committed_rows_state_ratios_that_follow_from_both_sides():
    for found in read():
        assert found["ratio"] == pytest.approx(found["other"] / found["ours"], rel=2e-3), found["name"]


def test_both_sides_of_a_confined_row_have_the_same_processors():
    before = os.sched_getaffinity(0)
    with confined(1):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
