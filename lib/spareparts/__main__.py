"""The command line: python -m spareparts --help. Each command imports what it needs, so that all of them start soon."""

import contextlib
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    help="Run the notebooks of Spare Parts and fetch their data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
data_commands = typer.Typer(help="Show and fetch data sets.", no_args_is_help=True)
app.add_typer(data_commands, name="data")


@app.command()
def run(
    notebook: Annotated[Path, typer.Argument(help="for example notebooks/experts.py")],
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="e.g. SEEDS=1..5")] = None,
    output: Annotated[Path | None, typer.Option(help="the executed notebook [_build/runs/<name>.ipynb]")] = None,
    no_chapter: Annotated[bool, typer.Option("--no-chapter", help="stop after the runs that you ask for")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, however long it takes")] = False,
) -> None:
    """Execute one notebook, with other parameters than its defaults where --set gives them."""
    from rich.console import Console

    from spareparts.execute import REQUESTED, RUNS, check_output, execute
    from spareparts.parameters import defaults_in, parse_settings
    from spareparts.sweep.command import check_run

    _prepare_kernels()
    parameters = parse_settings(settings or [], defaults_in(notebook))
    target = check_output(output or Path("_build/runs", f"{notebook.stem}.ipynb"), ".ipynb")
    if not check_run(notebook, parameters, Console(stderr=True), yes=yes):
        raise typer.Exit(130)
    until = (REQUESTED, RUNS) if no_chapter else ()
    with _interruptible():
        print(execute(notebook, target, parameters, until=until, progress=True))


@app.command()
def book(
    output: Annotated[Path | None, typer.Option(help="folder of the executed notebooks [book/executed]")] = None,
) -> None:
    """Execute every notebook of the book, as many at a time as there are cores, and compare the verdicts with the lock.

    On the committed records every sentence must hold and every verdict must be the one in book/verdicts.csv.
    """
    from spareparts import claims
    from spareparts.execute import EXECUTED, execute_book, toc_notebooks

    _prepare_kernels()
    committed = not os.environ.get("SPAREPARTS_RECORDS")
    os.environ[claims.STRICT] = "1" if committed else "0"
    count = len(list(toc_notebooks()))
    with _interruptible():
        for done, (notebook, seconds) in enumerate(execute_book(output or EXECUTED), start=1):
            print(f"[{done}/{count}] {notebook.name}: {seconds:.0f} s", flush=True)
    if committed:
        verdicts(output=output)


@app.command()
def verdicts(
    output: Annotated[Path | None, typer.Option(help="folder of the executed notebooks [book/executed]")] = None,
    write: Annotated[bool, typer.Option("--write", help="make lock and README picture what they say")] = False,
) -> None:
    """Compare the verdicts of the executed chapters with the committed lock, book/verdicts.csv, or write it anew."""
    from spareparts import claims

    if output is not None:
        os.environ[claims.EXECUTED] = str(output.resolve())
    ledger = claims.collect(claims.executed())
    for line in (changed := claims.changes(ledger)):
        print(line)
    if write:
        drawn = claims.executed_folder() / claims.PICTURE.name
        shutil.copyfile(drawn, claims.PICTURE)  # first: without an executed ledger neither is written
        return claims.write_lock(ledger)
    if changed:
        print(f"{len(changed)} verdicts differ from {claims.LOCK}.")
        print("If they are right, make them the lock: python -m spareparts verdicts --write")
        raise typer.Exit(1)


@app.command()
def sweep(
    target: Annotated[Path, typer.Argument(help="a notebook, or a file like notebooks/sweeps/experts.yaml")],
    grid: Annotated[list[str] | None, typer.Option(metavar="NAME=A,B", help="a notebook for every value")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="in every one")] = None,
    pages: Annotated[bool, typer.Option("--pages", help="execute the chapters too, not only their runs")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show runs and cost, start nothing")] = False,
    scheduler: Annotated[str | None, typer.Option(metavar="tls://HOST:PORT", help="a Dask cluster that runs")] = None,
    tls_ca_file: Annotated[Path | None, typer.Option(metavar="PEM", help="of that cluster")] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="PEM", help="of that cluster")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="of that cluster")] = None,
    slurm: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="jobs for SLURM to start")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="notebooks at a time [one a GPU, or a core]")] = None,
    deadline: Annotated[str | None, typer.Option(metavar="TIME", help="for each notebook, e.g. 2h [none]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the outcome for scripts")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, however long it takes")] = False,
) -> None:
    """Execute a notebook for every combination of values; what is done already is left alone."""
    from spareparts.sweep import command
    from spareparts.sweep.survey import parse_duration

    _prepare_kernels()
    cells = command.cells_of(target, grid or [], settings or [], pages=pages)
    seconds = None if deadline is None else parse_duration(deadline)
    if dry_run:
        return command.dry_run(cells, as_json=as_json)
    certificates = (tls_ca_file, tls_cert, tls_key)
    where = {"scheduler": scheduler, "certificates": certificates, "slurm": slurm, "workers": workers}
    raise typer.Exit(command.sweep(cells, as_json=as_json, deadline=seconds, yes=yes, **where))


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="print every run for scripts")] = False) -> None:
    """Show, paper by paper, which of the published runs have records and what the others would cost."""
    from spareparts.sweep import command

    command.status(as_json=as_json)


@app.command()
def table(
    paper: Annotated[str, typer.Argument(help="for example experts")],
    where: Annotated[list[str] | None, typer.Option(metavar="NAME=A,B", help="only runs with these values")] = None,
    by: Annotated[str, typer.Option(metavar="NAME,NAME", help="a line for each value [all that varies]")] = "",
    metrics: Annotated[str, typer.Option(metavar="NAME,NAME", help="what to show [accuracies and a few more]")] = "",
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="a row a run: .csv, .parquet or .json")] = None,
) -> None:
    """Show the recorded runs of a paper in one table, means over seeds, and save them."""
    from rich.console import Console

    from spareparts.table import command
    from spareparts.verify import paper_config

    names = [[name.strip() for name in text.split(",") if name.strip()] for text in (by, metrics)]
    for part in command(paper_config(paper), where=where or [], by=names[0], metrics=names[1], output=output):
        Console().print(part, highlight=False, markup=False, soft_wrap=isinstance(part, str))


@app.command()
def verify(
    sample: Annotated[int, typer.Option(help="records to make again")] = 5,
    paper: Annotated[list[str] | None, typer.Option(help="only this paper's, e.g. experts [all papers]")] = None,
    seed: Annotated[int, typer.Option(help="of the draw of records")] = 0,
    budget: Annotated[str, typer.Option(metavar="TIME", help="what they may take together")] = "10m",
    output: Annotated[Path | None, typer.Option(help="where the audit is kept [book/audit.json]")] = None,
) -> None:
    """Make random records again, here and now, and compare every recorded metric."""
    from spareparts import verify
    from spareparts.sweep.survey import parse_duration

    seconds = parse_duration(budget)
    target = output or verify.AUDIT
    raise typer.Exit(verify.command(size=sample, words=paper or [], seed=seed, budget=seconds, output=target))


@data_commands.command("list")
def list_data() -> None:
    """Show the data sets, whether each is there and whole, and where."""
    from spareparts import data

    states = {True: "whole", False: "damaged", None: "not there"}
    for row in data.listing():
        print(f"{row.name:<30} {states[row.intact]:<10} {row.size:<32} {row.path or 'comes with scikit-learn'}")
    print("miniboone, the paper's 45th table, has no known fingerprint and is not read.")


@data_commands.command()
def fetch(name: Annotated[str, typer.Argument(help="for example cifar10; uci: all tables")]) -> None:
    """Download one data set and put it into the form that the notebooks read."""
    from spareparts import data

    print(data.fetch(name))


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C is told in a line, with the status that shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        print("interrupted: runs that have their record are kept, the same command makes the others", file=sys.stderr)
        raise typer.Exit(130) from None


def _prepare_kernels() -> None:
    """Set what kernels inherit: one thread each, as they run side by side, and figures shown in the notebook."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.pop("MPLBACKEND", None)


def main() -> None:
    """Run the command line; what a user can mend is told in one line, with status 2, a failed notebook with 1."""
    for name in ("SIGTERM", "SIGHUP"):  # so that what was begun is cleaned up; under nohup SIGHUP stays ignored
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) == signal.SIG_DFL:
            signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
    warnings.formatwarning = lambda message, *_: f"warning: {message}\n"
    for stream in (sys.stdout, sys.stderr):  # of a terminal that lacks a sign: another stands for it
        stream.reconfigure(errors="replace")
    try:
        app(prog_name="python -m spareparts")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except RuntimeError as error:
        from nbclient.exceptions import DeadKernelError

        from spareparts.execute import NotebookError

        if not isinstance(error, NotebookError | DeadKernelError):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
