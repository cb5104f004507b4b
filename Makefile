PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: demo test lint types unit bench bench-attribution setup lock clean

## make demo: set up and run the whole Action against a simulated GitHub and simulated vendors
demo: $(STAMP)
	$(BIN)/pr-cost-bot demo --output demo-output

## make test: set up and run every check: lint, types, import rules, tests
test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/zizmor --offline --no-progress .github action.yml examples/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/workflows/*.yml
	$(BIN)/hadolint Dockerfile

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/pytest -n auto

## make bench: how long a run takes and how much it asks for (docs/performance.md)
bench: $(STAMP)
	$(BIN)/python bench/action.py

## make bench-attribution: how right attribution is, with each rule left out, and how fast (docs/attribution.md)
bench-attribution: $(STAMP)
	$(BIN)/python bench/attribution.py
	$(BIN)/python bench/attribution.py --speed

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "pr-cost-bot needs Python 3.11 or newer; name one with: make PYTHON=python3.12"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

## make lock: refresh the lock files from pyproject.toml
lock:
	uv pip compile pyproject.toml --extra notify --universal --python-version 3.11 --generate-hashes --quiet --no-header --output-file requirements/action.txt
	uv pip compile pyproject.toml --all-extras --group dev --group bench --constraint requirements/action.txt --universal --python-version 3.11 --generate-hashes --quiet --no-header --output-file requirements/dev.txt
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | uv pip compile - --constraint requirements/dev.txt --universal --python-version 3.11 --generate-hashes --quiet --no-header --output-file requirements/build.txt

clean:
	rm -rf $(VENV) demo-output
