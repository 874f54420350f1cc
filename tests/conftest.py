"""What every test stands on: one thread, records in a temporary folder, shapes checked."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

# Before anything imports torch or NumPy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import jaxtyping
import pytest
from filelock import FileLock
from hypothesis import settings
from jaxtyping import _import_hook, install_import_hook

LIBRARY = str(Path(__file__).parents[1] / "lib")

# Every annotated shape of the library is checked in this process. Processes that a test starts run the library as a
# user would; JAXTYPING_DISABLE=1 turns the check off here too, for looking into torch.compile.
install_import_hook("spareparts", "shape_checks.check")


def compiled_form(path: str, debug: bool | None, *, optimization: str) -> str:
    """Where a module's compiled form is: the hook's own for the library, the usual one for all that it imports.

    The hook would have a thousand modules of other libraries compiled again in every process of the tests.
    """
    return cache_from_source(path, debug, optimization=optimization if path.startswith(LIBRARY) else None)


_import_hook.cache_from_source = compiled_form
pytest.register_assert_rewrite("pages")

# While modules are read nothing is garbage, and what is looked through for it are millions of objects, ever again.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is looked for among what tests make."""
    gc.freeze()
    gc.enable()


# A machine may be busy: no example fails for the time that it takes.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# A suite in the background or under nohup ignores these, and so would the processes that its tests start to interrupt.
# A handler is not inherited, not even one that does nothing: they start as in a terminal, and the suite lives on.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


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


LOCAL = ("file:", "data:", "blob:")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built site, made from the notebooks with records of its own, once for all processes of the tests."""
    folder = tmp_path_factory.getbasetemp()
    book = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "book"
    with FileLock(f"{book}.lock"):
        if not book.exists():
            build(book.with_name("unfinished")).rename(book)
    return book / "_build" / "html"


def build(book):
    """Execute every notebook in a folder, where each sentence must hold, and build the site without a warning."""
    from spareparts.claims import STRICT
    from spareparts.execute import ROOT, execute_book, toc_notebooks

    shutil.rmtree(book, ignore_errors=True)  # of another process, where it failed
    book.mkdir()
    for name in ("_config.yml", "_toc.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, book)
    shutil.copytree(ROOT / "book", book / "book", ignore=shutil.ignore_patterns("executed", "records"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPAREPARTS_RECORDS", str(book / "records"))
        patch.setenv("SPAREPARTS_CACHE", str(book / "cache"))
        patch.setenv(STRICT, "1")
        done = list(execute_book(book / "book" / "executed"))
        assert [notebook for notebook, _ in done][-1].stem == "ledger"
        assert {notebook for notebook, _ in done} == set(toc_notebooks())
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run([jupyter_book, "build", "-nW", "--keep-going", book], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return book


@pytest.fixture
def visit(site, browser):
    """Opens a page of the site at a width; `page.wrong` lists what a reader would not want."""
    opened = []

    def visit(name, *, width=1280, query="", colours="light"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=colours)
        opened.append(page)
        page.wrong = []
        page.on("console", lambda message: page.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("requestfailed", lambda request: page.wrong.append(f"failed: {request.url}"))
        page.on("request", lambda sent: sent.url.startswith(LOCAL) or page.wrong.append(f"outside: {sent.url}"))
        page.goto((site / f"{name}.html").as_uri() + query, wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        page.wait_for_function("document.getAnimations().length === 0")  # buttons fade into the colours of the dark
        return page

    yield visit
    for page in opened:
        page.close()


OPT_IN = ("kills", "two_hosts", "slurm")  # asked for by name: pytest -m slurm
LONG = ("book", "sweep_kills", "sweep", "processes", "execute", "side_by_side")  # files of a minute and more


def pytest_collection_modifyitems(config, items):
    """Files that take long come first, so that no process waits for another in the end.

    Tests that take very long or need a machine of their own run only where they are asked for.
    """
    items.sort(key=lambda item: item.path.stem.removeprefix("test_") not in LONG)
    for item in items:
        for name in OPT_IN:
            if item.get_closest_marker(name) and name not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason=f"only with: pytest -m {name}"))
