"""What every test stands on: one thread, records in a temporary folder, shapes checked."""

import gc
import os
import shutil
import signal

# Before anything imports torch or NumPy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import jaxtyping
import pytest
from jaxtyping import install_import_hook

# Every annotated shape of the library is checked in this process. Processes that a test starts run the library as a
# user would; JAXTYPING_DISABLE=1 turns the check off here too, for looking into torch.compile.
install_import_hook("spareparts", "shape_checks.check")


# A suite in the background or under nohup ignores these, and so would the processes that its tests start to interrupt.
# A handler is not inherited, not even one that does nothing: they start as in a terminal, and the suite lives on.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


def pytest_collection_finish() -> None:
    """Spare the libraries' million objects the full collections that statsmodels asks for in each correction."""
    gc.freeze()


@pytest.fixture(autouse=True)
def records_folder(tmp_path, monkeypatch):
    """A records folder of this test's own: no test writes into the committed one, or weights into the user's cache.

    Runs stay in the test's own process, as inside a sweep's worker.
    """
    folder = tmp_path / "records"
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(folder))
    monkeypatch.setenv("SPAREPARTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SPAREPARTS_WORKER", "1")
    return folder


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """A folder of data sets of this test's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("SPAREPARTS_DATA", str(folder))
    return folder


@pytest.fixture
def unchecked():
    """As a user runs it: without the shape checks of the tests, which would speak first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for all tests, since Playwright takes no second one in a process; without it they skip."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium on the PATH")
    with sync_playwright() as play:
        options = ["--no-sandbox", "--disable-background-networking"]
        chromium = play.chromium.launch(executable_path=path, args=options)
        opened = chromium.new_page
        chromium.new_page = lambda **settings: patient(opened(**settings))
        yield chromium
        chromium.close()


def patient(page):
    """A page that waits for a busy machine: only what never comes about is a failure."""
    page.set_default_timeout(300_000)  # milliseconds
    return page


OPT_IN = ("kills", "two_hosts", "slurm")  # asked for by name: pytest -m slurm


def pytest_collection_modifyitems(config, items):
    """Tests that take long or need a machine of their own run only where they are asked for."""
    for item in items:
        for name in OPT_IN:
            if item.get_closest_marker(name) and name not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason=f"only with: pytest -m {name}"))
