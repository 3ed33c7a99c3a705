# Everything that is done to a checkout. Each goal does its own set-up, into .venv, once.
#
#   make score      score the sample slides into out/
#   make test       the tests, without the slow ones
#   make test-all   the tests, all of them
#   make check      lint, format, types, import contracts and the quick tests: what every commit leaves green
#   make bench      the benchmarks (benchmarks/README.md)
#   make clean      remove .venv, out, the slides drawn for benchmarks, and the caches

.DEFAULT_GOAL := help
.PHONY: help setup score test test-all check bench clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --constraint constraints.txt

# `make PYTHON=/path/to/python3.12 test` chooses another one.
PYTHON ?= python3.11 python3 python3.12 python3.13

# Two processes of pytest, one thread each: more threads than cores only slow one another down. -rs says why a
# test was skipped.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -rs

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

setup: $(READY)

# hatchling comes first and the build is not isolated, so that constraints.txt holds for the build too.
$(READY): pyproject.toml constraints.txt
	@found=; \
	for python in $(PYTHON); do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo 'her2path needs Python 3.11 or newer; none found as: $(PYTHON).' \
	        'Install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$found has no venv module. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$found (once, a few minutes) ..."; \
	$$found -m venv --clear $(VENV)
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation --editable '.[cnn,cluster,postgres,dev]'
	@touch $@

score: $(READY)
	$(BIN)/her2path score sample_slides/*.svs --out out/
	@echo 'Open the reports in a browser:'
	@ls -1 out/*/report.html

test: $(READY)
	$(PYTEST) -m 'not slow'

test-all: $(READY)
	$(PYTEST)

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -m 'not slow and not realdata'

bench: $(READY)
	@for bench in benchmarks/bench_*.py; do echo "== $$bench"; OMP_NUM_THREADS=1 $(BIN)/python $$bench || exit 1; done

clean:
	rm -rf $(VENV) out .bench build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
