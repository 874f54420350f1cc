"""Kills parts of sweeps at random moments and counts what is left: `python tests/sweep_kills.py 20`, or make kills."""

import collections
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import psutil
import typer
from toy import Toy, result

from spareparts import records

VICTIMS = ("worker", "kernel", "sweep")
RUNS = 3  # a notebook
NOTEBOOK = """\
# %% tags=["parameters"]
SEEDS = [1]
MISSING = "list"

# %%
import sweep_kills
from spareparts import records

configs = sweep_kills.plan(SEEDS)
records.load_or_run(configs, sweep_kills.run, missing=MISSING)
"""


def plan(seeds: list[int]) -> list[Toy]:
    """Three runs a seed."""
    return [Toy(seed=seed, rate=rate / 10) for seed in seeds for rate in range(RUNS)]


def run(configs):
    """Runs that take a moment and write down when they start and when they have their record."""
    for config in configs:
        note("started", config)
        time.sleep(0.8)
        yield config, result(config.seed + config.rate)
        note("recorded", config)  # the record has been saved when the generator goes on


def note(event: str, config: Toy) -> None:
    with Path(os.environ["SPAREPARTS_RECORDS"], "log").open("a") as log:
        log.write(f"{event} {records.key(config)}\n")


def prepared(folder: Path) -> dict:
    """The notebook in a folder to which its records go, and how a sweep of it is started there."""
    (folder / "records").mkdir(parents=True, exist_ok=True)
    (folder / "kills.py").write_text(NOTEBOOK)
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return {
        "cwd": folder,
        "env": os.environ | {"SPAREPARTS_RECORDS": str(folder / "records"), "PYTHONPATH": path},
        "text": True,
    }


def command(notebooks: int, *words: str) -> list[str]:
    """The command that sweeps so many notebooks."""
    return [sys.executable, "-m", "spareparts", "sweep", "kills.py", "--grid", f"SEEDS=1..{notebooks}", *words]


def start(folder: Path, *, notebooks: int) -> subprocess.Popen:
    """A sweep of so many notebooks, with two workers."""
    there = prepared(folder)
    with (folder / "output").open("a") as output:
        return subprocess.Popen(command(notebooks, "--workers", "2"), **there, stdout=output, stderr=subprocess.STDOUT)


@contextlib.contextmanager
def ended(*words: str, **settings):
    """A process in the background, which is ended afterwards."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(words, **silent, **settings)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def parts(sweep: subprocess.Popen) -> dict[str, list[psutil.Process]]:
    """The processes of a sweep by what they are."""
    found = {"sweep": [psutil.Process(sweep.pid)], "worker": [], "kernel": []}
    for process in found["sweep"][0].children(recursive=True):
        try:
            command = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if "ipykernel_launcher" in command:
            found["kernel"].append(process)
        elif "spawn_main" in command:
            found["worker"].append(process)
    return found


def kill(victim: str, sweep: subprocess.Popen, draw: random.Random, *, within: float) -> list[psutil.Process]:
    """Kill a part of a sweep some random seconds after its first kernel started; gives all its processes then."""
    while not parts(sweep)["kernel"] and sweep.poll() is None:
        time.sleep(0.05)
    time.sleep(draw.uniform(0, within))
    while sweep.poll() is None:
        there = parts(sweep)
        if there[victim]:
            draw.choice(there[victim]).kill()
            return [process for found in there.values() for process in found]
        time.sleep(0.05)
    raise RuntimeError("the sweep had ended before it could be killed")


def one(victim: str, folder: Path, draw: random.Random, *, notebooks: int = 10) -> dict:
    """Kill once, let the sweep finish or start it again, and count."""
    began, sweep = time.monotonic(), start(folder, notebooks=notebooks)
    processes = kill(victim, sweep, draw, within=0.6 * notebooks)
    moment, there = time.monotonic() - began, len(list((folder / "records" / "toy").glob("*.json")))
    if resumed := victim == "sweep":
        sweep.wait()
        _, alive = psutil.wait_procs(processes, timeout=10)
        sweep = start(folder, notebooks=notebooks)
    status = sweep.wait(timeout=280)
    if not resumed:
        _, alive = psutil.wait_procs(processes, timeout=10)
    return {
        "victim": victim,
        "after_seconds": round(moment, 1),
        "records_then": there,
        "resumed": resumed,
        "status": status,
        "left_alive": len(alive),
    } | count(folder / "records", notebooks)


def count(folder: Path, notebooks: int) -> dict[str, int]:
    """Records expected and whole, runs that were cut off, and runs that were made again though recorded."""
    os.environ["SPAREPARTS_RECORDS"] = str(folder)
    configs = plan(list(range(1, notebooks + 1)))
    whole = sum(is_whole(config) for config in configs)
    events = collections.defaultdict(list)
    for line in (folder / "log").read_text().splitlines():
        event, key = line.split()
        events[key].append(event)
    return {
        "expected": len(configs),
        "whole": whole,
        "foreign": len(list((folder / "toy").glob("*.json"))) - whole,
        "cut_off": sum(found.count("started") - found.count("recorded") for found in events.values()),
        "run_twice": sum("recorded" in found[:-1] for found in events.values()),
    }


def is_whole(config: Toy) -> bool:
    record = records.load(config)
    if record is None or record["metrics"]["accuracy"] != config.seed + config.rate:
        return False
    return records.arrays("toy", records.key(config))["points"].shape == (2, 3)


def main(kills: int, folder: Path, output: Path = Path("book/kills.json"), seed: int = 0) -> None:
    """Kill so many times, the victims in turn, and write what was counted."""
    draw, rows = random.Random(seed), []
    for number in range(kills):
        rows.append(one(VICTIMS[number % 3], folder.resolve() / str(number), draw))
        print(rows[-1], flush=True)
    output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
