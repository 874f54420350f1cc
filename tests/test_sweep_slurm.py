"""A sweep on a real SLURM, Debian's slurm-wlm and munge, started here: pytest -m slurm, as root."""

import os
import platform
import secrets
import shutil
import subprocess
import time

import pytest
import sweep_kills
from sweep_kills import ended

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(not (shutil.which("slurmctld") and shutil.which("munged")), reason="slurm-wlm is not installed"),
]
HOST = platform.node()
CONFIGURATION = f"""\
ClusterName=test
SlurmctldHost={HOST}(127.0.0.1)
SlurmUser=root
AuthInfo=socket=%(folder)s/munge.socket
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=%(folder)s/state
SlurmdSpoolDir=%(folder)s/spool
SlurmctldPidFile=%(folder)s/slurmctld.pid
SlurmdPidFile=%(folder)s/slurmd.pid
SlurmctldLogFile=%(folder)s/slurmctld.log
SlurmdLogFile=%(folder)s/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
NodeName={HOST} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes={HOST} Default=YES State=UP
"""
JOBS = """\
jobs: 2
queue: main
cores: 1
processes: 1
memory: 1GB
walltime: "00:10:00"
interface: lo
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    folder = tmp_path / "slurm"
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION % {"folder": folder})
    monkeypatch.setenv("SLURM_CONF", str(configuration))
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    munge = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
    with (
        ended("munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge),
        ended("slurmctld", "-D"),
        ended("slurmd", "-D"),
    ):
        for _ in range(120):
            found = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
            if "idle" in found.stdout:
                break
            time.sleep(0.5)
        else:
            pytest.fail(f"SLURM did not come up: {found} {(folder / 'slurmctld.log').read_text()}")
        yield folder


def test_a_sweep_on_slurm_makes_every_record_once(slurm, tmp_path):
    there = sweep_kills.prepared(tmp_path / "sweep")
    (tmp_path / "sweep" / "cluster.yaml").write_text(JOBS)
    words, jobs = sweep_kills.command(4, "--slurm", "cluster.yaml"), ""
    with subprocess.Popen(words, **there, stdout=subprocess.PIPE) as sweep:
        while sweep.poll() is None:
            queue = subprocess.run(["squeue", "-t", "running"], capture_output=True, text=True).stdout
            jobs = max(jobs, queue, key=len)
            time.sleep(0.5)
        output = sweep.stdout.read()
    print(jobs, output, sep="\n")
    assert sweep.returncode == 0, output
    assert jobs.count("dask-wor") == 2
    counted = sweep_kills.count(tmp_path / "sweep" / "records", 4)
    assert counted == {"expected": 12, "whole": 12, "foreign": 0, "cut_off": 0, "run_twice": 0}
