# Everything a person types: `make run` and `make test` work alone on a fresh machine.
PYTHON ?= python3
BOOT := $(PYTHON) packaging/bootstrap.py
PY := .venv/bin/python
SOURCES := engine editor resources packaging tests

.PHONY: setup run test lint types format bench shots lock ci

setup:
	@$(BOOT) setup

run:
	@$(BOOT) run

test: setup
	@$(PY) -m pytest -n 2 --dist worksteal

lint: setup
	@$(PY) -m ruff check $(SOURCES)
	@$(PY) -m ruff format --check $(SOURCES)

types: setup
	@$(PY) -m mypy

format: setup
	@$(PY) -m ruff check --fix $(SOURCES)
	@$(PY) -m ruff format $(SOURCES)

bench: setup
	@$(PY) -m tests.benchmarks

shots: setup
	@$(PY) packaging/shots.py

lock:
	@sh packaging/lock.sh

ci: lint types test
