# Spare Parts: `make book` and `make test` do everything on a fresh machine with Python 3.11 or later.
#
#   make run NOTEBOOK=notebooks/experts.py SET="DATASETS=digits SEEDS=2,3 STEPS=20 MISSING=run"

PYTHON   ?= python3
VENV     ?= .venv
BIN      := $(VENV)/bin
NOTEBOOK ?= notebooks/experts.py
PAPER    ?= experts
WORKERS  ?= 3

# One thread a process: small networks gain nothing from a second one, and processes run side by side.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help book pdf test lint run sweep verify kills bench gpu constraints outdated clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1|\2/' | \
		while IFS='|' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

book: $(VENV)/.installed ## execute every notebook, build the book, print the path of its first page
	$(BIN)/python -m spareparts book
	$(BIN)/jupyter-book build -nW --keep-going .
	@echo "The book: $(CURDIR)/_build/html/index.html"

pdf: $(VENV)/.installed ## after make book: print all of it to _build/book.pdf, with Chromium
	$(BIN)/jupyter-book build -n --keep-going --builder singlehtml .
	$(BIN)/python book/_ext/pdf.py _build/singlehtml _build/book.pdf

test: lint ## check the style, then run every test, in WORKERS=3 processes
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed ## check the style only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

sweep: $(VENV)/.installed ## make all runs of a paper that have no record: PAPER=experts
	$(BIN)/python -m spareparts sweep notebooks/sweeps/$(PAPER).yaml

verify: $(VENV)/.installed ## make a few random records again and compare
	$(BIN)/python -m spareparts verify

kills: $(VENV)/.installed ## kill sweeps twenty times and keep the counts
	rm -rf _build/kills
	$(BIN)/python tests/sweep_kills.py 20 _build/kills

run: $(VENV)/.installed ## execute one notebook: NOTEBOOK=path SET="NAME=VALUE ..."
	$(BIN)/python -m spareparts run $(NOTEBOOK) $(addprefix --set ,$(SET))

bench: $(VENV)/.installed ## compare our speed with the alternatives' on a machine at rest: ROWS="engine_step ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks $(ROWS)

gpu: $(VENV)/.installed ## with a GPU: check training side by side, measure it, make the experts' records
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.gpu_session

constraints: $(VENV)/.installed ## pin anew what the pinned requirements bring along, with the hashes of all files
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	(grep -v '^-' requirements.txt; echo lightning; echo dask-jobqueue==0.9.0) | $(BIN)/uv pip compile - --quiet --no-annotate \
		--custom-compile-command "make constraints" --output-file constraints.txt
	$(BIN)/uv pip compile requirements.txt --constraint constraints.txt --universal --python-version 3.11 --generate-hashes \
		--quiet --no-annotate --custom-compile-command "make constraints" --output-file requirements.lock

outdated: $(VENV)/.installed ## show which packages have newer releases, and which a known vulnerability
	$(BIN)/python -m pip list --outdated
	$(PYTHON) -m venv _build/outdated
	_build/outdated/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	_build/outdated/bin/pip-audit --disable-pip --require-hashes --requirement requirements.lock

clean: ## remove what the build made, but not .venv, data or records
	rm -rf _build book/executed .pytest_cache .ruff_cache

# Made again only when what it installs has changed.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV): about 3 minutes and 6 GB the first time."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
