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
) -> None:
    """Execute one notebook, with other parameters than its defaults where --set gives them."""
    _prepare_kernels()
    defaults = parameter_defaults(read_notebook(notebook))
    parameters = dict(parse_parameter(setting, defaults) for setting in settings or [])
    print(execute(notebook, output or Path("_build/runs", f"{notebook.stem}.ipynb"), parameters, progress=True))


@app.command()
def book(output: Annotated[Path, typer.Option(help="folder of the executed notebooks")] = EXECUTED) -> None:
    """Execute every notebook of the book, as many at a time as there are cores."""
    _prepare_kernels()
    jobs = {notebook: {} for notebook in toc_notebooks()}
    for done, (notebook, seconds) in enumerate(execute_all(jobs, output), start=1):
        print(f"[{done}/{len(jobs)}] {notebook.name}: {seconds:.0f} s", flush=True)


@data_commands.command("list")
def list_data() -> None:
    """Show the data sets, whether each is there and whole, and where."""
    from spareparts import data

    for row in data.listing():
        state = "whole" if row.intact else "damaged" if row.present else "not there"
        size = f"{row.samples[0]:,} + {row.samples[1]:,} of {'x'.join(map(str, row.shape))}" if row.samples else ""
        print(f"{row.name:<14} {state:<10} {size:<30} {row.path or 'comes with scikit-learn'}")


@data_commands.command()
def fetch(name: Annotated[str, typer.Argument(help="for example cifar10")]) -> None:
    """Download one data set and put it into the form that the notebooks read."""
    from spareparts import data

    print(data.fetch(name))


def _prepare_kernels() -> None:
    """Set what kernels inherit: one thread each, as they run side by side, and figures shown in the notebook."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.pop("MPLBACKEND", None)


def main() -> None:
    """Run the command line; what a user can mend is told in one line, with status 2, a failed notebook with 1."""
    try:
        app(prog_name="python -m spareparts")
    except (ValueError, OSError, NotebookError, DeadKernelError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ValueError | OSError) else 1)


if __name__ == "__main__":
    main()
