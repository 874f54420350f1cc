"""The command line: python -m spareparts --help."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from nbclient.exceptions import DeadKernelError

from spareparts.execute import (
    EXECUTED,
    NotebookError,
    execute,
    execute_all,
    parameter_defaults,
    parse_parameter,
    read_notebook,
    toc_notebooks,
)

app = typer.Typer(
    help="Run the notebooks of Spare Parts and fetch their data.", no_args_is_help=True, pretty_exceptions_enable=False
)
data_commands = typer.Typer(help="Show and fetch data sets.", no_args_is_help=True)
app.add_typer(data_commands, name="data")


@app.command()
def run(
    notebook: Annotated[Path, typer.Argument(help="for example notebooks/experts.py")],
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="e.g. SEEDS=1..5")] = None,
    output: Annotated[Path | None, typer.Option(help="the executed notebook [_build/runs/<name>.ipynb]")] = None,
) -> None:
    """Execute one notebook, with other parameters than its defaults where --set gives them."""
    _one_thread()
    defaults = parameter_defaults(read_notebook(notebook))
    parameters = dict(parse_parameter(setting, defaults) for setting in settings or [])
    print(execute(notebook, output or Path("_build/runs", f"{notebook.stem}.ipynb"), parameters, progress=True))


@app.command()
def book(output: Annotated[Path, typer.Option(help="folder of the executed notebooks")] = EXECUTED) -> None:
    """Execute every notebook of the book, as many at a time as there are cores."""
    _one_thread()
    jobs = {notebook: {} for notebook in toc_notebooks()}
    for done, (notebook, seconds) in enumerate(execute_all(jobs, output), start=1):
        print(f"[{done}/{len(jobs)}] {notebook.name}: {seconds:.0f} s", flush=True)


@data_commands.command("list")
def list_data() -> None:
    """Show the data sets, and where each one is or was looked for."""
    from spareparts import data

    print(data.listing())


@data_commands.command()
def fetch(name: Annotated[str, typer.Argument(help="for example cifar10")]) -> None:
    """Download one data set and put it into the form that the notebooks read."""
    from spareparts import data

    print(data.fetch(name))


def _one_thread() -> None:
    """Kernels inherit this: small networks gain nothing from a second thread, and they run side by side."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> None:
    """Run the command line; what a user can mend is told in one line, with status 2, a failed notebook with 1."""
    try:
        app(prog_name="python -m spareparts")
    except (ValueError, OSError, NotebookError, DeadKernelError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ValueError | OSError) else 1)


if __name__ == "__main__":
    main()
