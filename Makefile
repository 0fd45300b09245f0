# Two commands for a fresh machine, each sets up all it needs in .venv: `make demo` and `make test`.

PYTHON = python3
VENV = .venv
# An interpreter that is named gets an environment of its own, so no other is tested in its place.
ifneq ($(origin PYTHON),file)
VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
VENV := .venv-$(or $(VERSION),$(error $(PYTHON) cannot be started))
endif
BIN = $(VENV)/bin
PEERS = .venv-peers
export PIP_DISABLE_PIP_VERSION_CHECK = 1

help:
	@echo 'make demo        compile, draw and run a sample, with a receiver that prints the events'
	@echo 'make test        the tests (about two minutes)'
	@echo 'make test-large  the same checks in large numbers (some minutes)'
	@echo 'make test-pythons  the tests on each Python here, or on PYTHONS="PATH PATH…"'
	@echo 'make check       lint, types and tests'
	@echo 'make bench       what factc costs beside make, ninja and others: docs/performance.md (30 minutes)'
	@echo 'make tables      write the tables of the grammar anew'
	@echo 'make golden      write the expected answers of the golden tests anew'
	@echo 'make clean       remove what these made'

demo: $(VENV)/run.stamp
	@PATH="$$PWD/$(BIN):$$PATH" PYTHON="$$PWD/$(BIN)/python" sh samples/demo.sh

# More of them than two cores: many tests wait. What pytest makes of their text is kept, whatever the environment says.
test: $(VENV)/test.stamp
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 --dist worksteal

test-large: $(VENV)/test.stamp
	TEST_DRAWS=all $(BIN)/python -m pytest -m "large or hypothesis"

# One after the other, to the end; those that fail are named.
test-pythons:
	@failed=; for python in $$($(PYTHON) -m tests.pythons $(ENDS) $(PYTHONS)); do \
		$(MAKE) test PYTHON="$$python" || failed="$$failed $$python"; \
	done; \
	[ -z "$$failed" ] || { echo "the tests failed on:$$failed" >&2; exit 1; }

check: lint types test

lint: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/test.stamp
	$(BIN)/mypy

bench: $(VENV)/test.stamp $(PEERS)/made.stamp
	$(BIN)/python -m compileall -q factc
	$(BIN)/python -m bench

tables: $(VENV)/run.stamp
	$(BIN)/python -m factc.syntax.fact.grammar

golden: $(VENV)/test.stamp
	$(BIN)/python -m tests.test_text_errors
	$(BIN)/python -m tests.test_cases

clean:
	rm -rf .venv .venv-[0-9]* $(PEERS) dist samples/nightly.svg .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# ---- the virtual environment: what running needs, and what testing needs beside it

$(VENV)/run.stamp: $(VENV)/made.stamp pyproject.toml Makefile
	$(BIN)/python -m pip install --quiet --editable '.[render]'
	@touch $@

$(VENV)/test.stamp: $(VENV)/made.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(VENV)/run.stamp $@

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'factc needs Python 3.11 or newer: make PYTHON=python3.12 …' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo 'on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@touch $@

# What is measured beside factc, in an environment of its own. One that cannot be had is left out. make and ninja are the
# system's; ninja comes from PyPI where the system has none.

$(PEERS)/made.stamp:
	@$(PYTHON) -m venv $(PEERS)
	@for peer in rust-just go-task-bin doit $$(command -v ninja >/dev/null || echo ninja); do \
		$(PEERS)/bin/python -m pip install --quiet $$peer || echo "left out, for it cannot be had: $$peer" >&2; \
	done
	@touch $@

.PHONY: help demo test test-large test-pythons check lint types bench tables golden clean
