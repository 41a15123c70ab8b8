# One command for each wish; `make help` lists them. Every target makes its own environment from the lock file.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
WORKERS ?= 2

.PHONY: help install demo up test check lock schema clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1	/' | expand -t 18

install: $(INSTALLED)  ## make .venv with the `baoxue` command, from the lock file

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Baoxue needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(INSTALLED)

demo: install  ## tell the whole story on an invented county of 6,000 children (about a minute)
	$(BIN)/baoxue demo

up: install  ## run the system on this machine until Ctrl-C; its data is kept in .baoxue
	$(BIN)/baoxue up --development

test: install  ## all tests, on real PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: install  ## ruff, mypy, import rules, schema snapshots
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/architecture

schema: install  ## write the GraphQL and contract snapshots anew, for review
	$(BIN)/python -m gateway.schema.schema > gateway/schema.graphql
	$(BIN)/python -m tests.architecture.schemas

lock: install  ## renew requirements.lock from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements.lock

clean:  ## remove the environment and caches; data in .baoxue stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
