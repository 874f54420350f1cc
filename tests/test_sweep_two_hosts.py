"""A sweep over two hosts that share a folder; the hosts are network namespaces: pytest -m two_hosts, as root."""

import json
import subprocess
import sys
import time

import pytest
import sweep_kills

from spareparts import records

pytestmark = pytest.mark.two_hosts
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


def sweep(folder, *words, host=None):
    """Eight cells, swept into the folder from a host or from here; gives what --json says."""
    command = [*(inside(host) if host else []), *sweep_kills.command(8, "--json", *words)]
    done = subprocess.run(command, **sweep_kills.prepared(folder), capture_output=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def metrics(folder, monkeypatch):
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(folder / "records"))
    return {key: records.load(key)["metrics"] for key in sweep_kills.plan(list(range(1, 9)))}


def test_two_hosts_make_the_same_records_as_one(hosts, tmp_path, monkeypatch):
    first, second = hosts
    env = sweep_kills.prepared(tmp_path / "both")["env"]
    dask = [sys.executable, "-m", "dask"]
    worker = [*dask, "worker", SCHEDULER, "--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--host"]
    with (
        sweep_kills.ended(*inside(first), *dask, "scheduler", "--host", HOSTS[first], "--no-dashboard", env=env),
        sweep_kills.ended(*inside(first), *worker, HOSTS[first], env=env),
        sweep_kills.ended(*inside(second), *worker, HOSTS[second], env=env),
    ):
        time.sleep(10)  # until both workers are there
        found = sweep(tmp_path / "both", "--scheduler", SCHEDULER, host=first)
    addresses = {notebook["worker"].split(":")[1].strip("/") for notebook in found["notebooks"]}
    print(json.dumps(found, indent=1))
    assert addresses == set(HOSTS.values())
    counted = sweep_kills.count(tmp_path / "both" / "records", 8)
    assert counted == {"expected": 24, "whole": 24, "foreign": 0, "cut_off": 0, "run_twice": 0}
    sweep(tmp_path / "one", "--workers", "2")
    assert metrics(tmp_path / "both", monkeypatch) == metrics(tmp_path / "one", monkeypatch)
