import random
import subprocess
import sys
import time

import psutil
import pytest
import sweep_kills
from toy import Toy

from spareparts import records

WRITER = """
import sys
from toy import Toy, result
from spareparts import records

for seed in range(int(sys.argv[1]), 1000, 4):
    if records.load(Toy(seed=seed)) is None:
        records.save(Toy(seed=seed), result(seed / 1000))
"""


def check(row):
    assert row["status"] == 0
    assert row["whole"] == row["expected"] and row["foreign"] == 0
    assert row["run_twice"] == 0 and row["left_alive"] == 0
    # One kill cuts off one run at most of each of two workers.
    assert row["cut_off"] <= (2 if row["victim"] == "sweep" else 1)


@pytest.mark.parametrize("victim", sweep_kills.VICTIMS)
def test_whatever_is_killed_every_run_is_recorded_once(victim, tmp_path):
    check(sweep_kills.one(victim, tmp_path, random.Random(0), notebooks=2))


@pytest.mark.kills
@pytest.mark.timeout(3000)
def test_twenty_kills_lose_nothing(tmp_path):
    draw = random.Random(0)
    for number in range(20):
        check(sweep_kills.one(sweep_kills.VICTIMS[number % 3], tmp_path / str(number), draw))


def test_four_writers_that_are_killed_over_and_over_leave_a_thousand_whole_records(records_folder):
    draw = random.Random(0)

    def writer(number):
        return subprocess.Popen([sys.executable, "-c", WRITER, str(number)], cwd=sweep_kills.__file__.rsplit("/", 1)[0])

    writers = [writer(number) for number in range(4)]
    for _ in range(6):
        before = len(list(records_folder.glob("toy/*.json")))
        while len(list(records_folder.glob("toy/*.json"))) < min(before + draw.randint(1, 150), 990):
            time.sleep(0.01)
        number = draw.randrange(4)
        psutil.Process(writers[number].pid).kill()
        writers[number].wait()
        writers[number] = writer(number)
    assert all(process.wait() == 0 for process in writers)
    assert all(records.load(Toy(seed=seed))["metrics"]["accuracy"] == seed / 1000 for seed in range(1000))
    assert all(len(records.arrays("toy", records.key(Toy(seed=seed)))) == 1 for seed in range(1000))
    assert len(records.frame("toy")) == 1000
