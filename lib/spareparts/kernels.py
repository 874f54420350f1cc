"""What a notebook's kernel needs around it: a folder for its sockets, and an end where nobody wants it any more."""

import contextlib
import os
import platform
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import psutil

MOST_BASE = 60  # bytes of a folder that sockets can be put below


@contextlib.contextmanager
def socket_folder() -> Iterator[Path]:
    """A private folder of this process with a path that is short enough for sockets, removed in the end.

    Those of processes that were killed are removed first. Raises OSError where every temporary folder's path is too
    long, as a socket's has 104 bytes at most on some systems.
    """
    bases = [tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"]
    base = next(
        (Path(base) for base in bases if len(os.fsencode(base)) <= MOST_BASE and os.access(base, os.W_OK)), None
    )
    if base is None:
        raise OSError(f"sockets need a folder whose path has at most {MOST_BASE} bytes: set TMPDIR, now {bases[0]}")
    host = f"sp{zlib.crc32(platform.node().encode()):08x}"  # a folder may be shared, and an id is of one machine only
    for left in base.glob(f"{host}-*-*"):
        owner = left.name.split("-")[1]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{host}-{os.getpid()}-", dir=base, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def kill_kernels() -> None:
    """Kill the kernels that this process started, and what they started; it executes one notebook at a time.

    When this process itself is killed, nobody needs to: a kernel looks every second whether its parent still lives.
    """
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("ipykernel" in word for word in child.cmdline()):
                for process in [*child.children(recursive=True), child]:
                    process.kill()
