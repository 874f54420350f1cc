"""Sweeps beyond this machine, as root: `pytest -m slurm` starts a SLURM, Debian's slurm-wlm and munge, for itself;

`pytest -m two_hosts` makes two hosts that share a folder, which are network namespaces.
"""

import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
import time

import pytest
import sweep_kills
from sweep_kills import ended

ONCE = {"foreign": 0, "cut_off": 0, "run_twice": 0}
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


@pytest.mark.slurm
@pytest.mark.skipif(not (shutil.which("slurmctld") and shutil.which("munged")), reason="slurm-wlm is not installed")
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
    assert sweep_kills.count(tmp_path / "sweep" / "records", 4) == ONCE | {"expected": 12, "whole": 12}


HOSTS = {"spareparts-a": "10.77.0.1", "spareparts-b": "10.77.0.2"}
SCHEDULER = "tcp://10.77.0.1:8786"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


@pytest.fixture
def hosts():
    for host in HOSTS:
        ip("netns", "add", host)
    try:
        first, second = HOSTS
        ip("link", "add", "eth0", "netns", first, "type", "veth", "peer", "name", "eth0", "netns", second)
        for host, address in HOSTS.items():
            ip("-n", host, "address", "add", f"{address}/24", "dev", "eth0")
            ip("-n", host, "link", "set", "eth0", "up")
            ip("-n", host, "link", "set", "lo", "up")
        yield first, second
    finally:
        for host in HOSTS:
            ip("netns", "delete", host)


def inside(host):
    """What a command on one of the hosts begins with."""
    return ["ip", "netns", "exec", host]


@pytest.mark.two_hosts
def test_two_hosts_that_share_a_folder_make_every_record_once(hosts, tmp_path):
    first, second = hosts
    there = sweep_kills.prepared(tmp_path)
    dask = [sys.executable, "-m", "dask"]
    worker = [*dask, "worker", SCHEDULER, "--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--host"]
    with (
        ended(*inside(first), *dask, "scheduler", "--host", HOSTS[first], "--no-dashboard", env=there["env"]),
        ended(*inside(first), *worker, HOSTS[first], env=there["env"]),
        ended(*inside(second), *worker, HOSTS[second], env=there["env"]),
    ):
        time.sleep(10)  # until both workers are there
        words = [*inside(first), *sweep_kills.command(8, "--json", "--scheduler", SCHEDULER)]
        done = subprocess.run(words, **there, capture_output=True)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    addresses = {notebook["worker"].split(":")[1].strip("/") for notebook in json.loads(done.stdout)["notebooks"]}
    assert addresses == set(HOSTS.values())
    assert sweep_kills.count(tmp_path / "records", 8) == ONCE | {"expected": 24, "whole": 24}
