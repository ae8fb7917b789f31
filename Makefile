# Everything runs through here; `make` alone lists it. Without DATABASE_URL the targets work on an embedded
# PostgreSQL under .data/; with it, on that database.
SHELL := /bin/sh
PYTHON := .venv/bin/python
RUN := $(PYTHON) -m vessel_activity
# Two workers, each with a PostgreSQL of its own: much of the time is waiting for clocks. A file stays with one worker,
# since its tests share servers and results.
PYTEST ?= -n 2 --dist loadfile
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/installed ## a live dashboard on a simulated fleet, from nothing
	@exec $(RUN) demo

.PHONY: test
test: .venv/installed-dev ## install what the tests need, and run all of them: PYTEST='-n 0 -k load' narrows it
	@scripts/install-packages
	@$(PYTHON) -m pytest $(PYTEST)

.PHONY: run
run: .venv/installed ## serve the dashboard and the JSON
	@exec $(RUN) serve

.PHONY: migrate
migrate: .venv/installed ## install or upgrade in the database
	@$(RUN) migrate

.PHONY: rollback
rollback: .venv/installed ## remove everything of ours from the database
	@$(RUN) rollback

.PHONY: refresh
refresh: .venv/installed ## bring the figures up to date now, and print them
	@$(RUN) refresh

.PHONY: refresh-loop
refresh-loop: .venv/installed ## refresh whenever nobody else does, until stopped
	@exec $(RUN) refresh-loop

.PHONY: load
load: .venv/installed ## load a MarineCadastre CSV: make load FILE=...
	@$(RUN) load "$(FILE)"

.PHONY: replay
replay: .venv/installed ## play a recording as if live, until stopped: make replay FILE=...
	@exec $(RUN) replay "$(FILE)"

.PHONY: status
status: .venv/installed ## is everything as it should be, and if not, what to do
	@$(RUN) status

.PHONY: lint
lint: .venv/installed-dev ## check the code without running it
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy && .venv/bin/squawk migrations/*.sql

.PHONY: bench
bench: .venv/installed-dev ## measure the engine: SIZE=small or SIZE=dense
	@$(PYTHON) -m bench.engine

.PHONY: bench-http
bench-http: .venv/installed-dev ## measure the server
	@$(PYTHON) -m bench.serving

.PHONY: soak
soak: .venv/installed-dev ## run ten thousand random schedules against the definition
	@$(PYTHON) -m tests.support.soak

.PHONY: clean
clean: ## remove what was built and the caches; .data/ with its database stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made anew whenever the lock changes; the stamp is touched last, so a killed install is repeated.
.venv/installed: requirements.lock
	@scripts/make-venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
