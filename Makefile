# Everything sets itself up: a machine needs Python 3.11 or newer, git and make.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check lint types imports unit crashes chaos bench docs format clean help

help: ## Show what there is.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed, and none was found; name one with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,otel,identity,rules,encryption,aws,server]' --group dev
	@touch $@

demo: $(READY) ## Release six interdependent repositories, live in the terminal.
	$(BIN)/releasepilot demo

test: $(READY) lint types imports ## Check everything and run the whole test suite.
	$(BIN)/python -m pytest -n 2 --dist loadscope

check: $(READY) lint types imports unit ## Lint, types, layers and unit tests.

lint: $(READY) ## Format and lint.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## Check the types.
	$(BIN)/mypy

imports: $(READY) ## Check who imports whom.
	$(BIN)/lint-imports

unit: $(READY) ## Run the unit tests.
	$(BIN)/python -m pytest tests/unit tests/architecture

crashes: $(READY) ## Simulate all pairs of faults, and many random plans.
	RELEASEPILOT_THOROUGH=1 $(BIN)/python -m pytest tests/simulate

bench: $(READY) ## Measure, as ratios within one run.
	PYTHONPATH=tests $(BIN)/python -m benchmarks

chaos: $(READY) ## Let two hundred things go wrong in running trains, for ten minutes.
	PYTHONPATH=tests $(BIN)/python -m chaos.run

docs: $(READY) ## Generate the reference from the code.
	$(BIN)/python -m docs.generate

format: $(READY) ## Format.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove what was set up.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
