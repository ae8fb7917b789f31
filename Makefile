# The commands of a checkout. `make` alone lists them. Without DATABASE_URL they work on an embedded PostgreSQL under
# .data/. With DATABASE_URL they work on the database that it names.
SHELL := /bin/sh
PYTHON := .venv/bin/python
RUN := $(PYTHON) -m vessel_activity
# Six workers, each with its own PostgreSQL, because the tests spend much of their time waiting for clocks. A file stays
# with one worker, because its tests share servers and results.
PYTEST ?= -n 6 --dist loadfile --no-loadscope-reorder
# The tests that depend on the version of PostgreSQL: the engine, the source tables, the figures and the installation.
ENGINE := $(sort $(wildcard tests/test_engine_*.py tests/test_sources_*.py)) $(patsubst %,tests/test_%.py,\
  catalog definition faults feed_truth feeding figures history_backfill locks migrate migrate_waits overloads refresh rights sql_file status upgrade)
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@echo "In a checkout, make X is vessel-activity X, for every command of vessel-activity. All targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Without DATABASE_URL they work on an embedded PostgreSQL under .data/."

.PHONY: demo
demo: .venv/installed ## show a live dashboard of a simulated fleet; no database is needed; INCIDENT=1 cuts off a region
	@exec $(RUN) demo $(if $(INCIDENT),--incident)

.PHONY: serve
serve: .venv/installed ## serve the dashboard and the JSON
	@exec $(RUN) serve

.PHONY: run
run: serve ## the same as make serve

.PHONY: migrate
migrate: .venv/installed ## install vessel activity in the database, or upgrade it; CREATE=yes passes --create, NODES=yes --nodes, and so do VESSELS, POSITIONS and MAP
	@$(RUN) migrate $(if $(CREATE),--create) $(if $(NODES),--nodes) $(if $(VESSELS),--vessels '$(VESSELS)') \
	  $(if $(POSITIONS),--positions '$(POSITIONS)') $(if $(MAP),--map '$(MAP)')

.PHONY: rollback
rollback: .venv/installed ## remove vessel activity from the database
	@$(RUN) rollback

.PHONY: refresh
refresh: .venv/installed ## bring the figures up to date now, and print them
	@$(RUN) refresh

.PHONY: refresh-loop
refresh-loop: .venv/installed ## refresh the figures if nobody else does, until stopped
	@exec $(RUN) refresh-loop

.PHONY: load
load: .venv/installed ## load a file of AIS reports into the source tables: make load FILE=... MAP=...
	@$(RUN) load "$(FILE)" $(if $(MAP),--map '$(MAP)')

.PHONY: replay
replay: .venv/installed ## play a file of AIS reports as if it were live, until stopped: make replay FILE=...
	@exec $(RUN) replay "$(FILE)"

.PHONY: feed
feed: .venv/installed ## take AIS messages from live sources, until stopped: make feed FROM="tcp://host:port udp://host:port"
	@exec $(RUN) feed $(foreach source,$(FROM),'$(source)')

.PHONY: status
status: .venv/installed ## check the database, and say what to do about each problem
	@$(RUN) status

.PHONY: sql
sql: .venv/installed ## print the whole installation as one SQL file for psql; ROLLBACK=yes prints its removal
	@$(RUN) sql $(if $(ROLLBACK),--rollback)

# The tests start Python many hundred times. Compiled files make a start a quarter cheaper.
test test-engine: export PYTHONDONTWRITEBYTECODE :=

.PHONY: test
test: .venv/installed-dev ## run all tests: PG=16 chooses a PostgreSQL, PYTEST='-n 0 -k load' some of the tests
	@scripts/install-packages test $(PG)
	@scripts/install-postgresql $(PG)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.installed || \
	  echo "the JavaScript linter and TypeScript could not be installed, so their tests are skipped" >&2; fi
	@$(PYTHON) -m pytest $(PYTEST)

.PHONY: test-engine
test-engine: .venv/installed-dev ## run the tests that depend on the version of PostgreSQL: PG=18 chooses it
	@scripts/install-packages test $(PG)
	@scripts/install-postgresql $(PG)
	@$(PYTHON) -m pytest $(PYTEST) $(ENGINE)

.PHONY: test-all
test-all: .venv/installed-dev ## run test-engine on every PostgreSQL from 15 to 18 that can be installed
	@$(PYTHON) scripts/test_all.py

.PHONY: lint
lint: .venv/installed-dev node_modules/.installed ## check the code without running it
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy
	@.venv/bin/squawk migrations/*.sql
	@npm run --silent lint

.PHONY: types
types: node_modules/.installed ## write the TypeScript types of the API into dashboard/api.d.ts, from openapi.json
	@npm run --silent types

.PHONY: bench
bench: .venv/installed-dev ## measure the refresh: SIZE=small or SIZE=dense
	@$(PYTHON) -m bench.engine

.PHONY: bench-http
bench-http: .venv/installed-dev ## measure the web server
	@$(PYTHON) -m bench.serving

.PHONY: bench-year
bench-year: .venv/installed-dev ## let a year pass in a quarter of an hour, and measure what grows
	@scripts/install-packages year
	@$(PYTHON) -m bench.year

.PHONY: chaos
chaos: .venv/installed-dev ## cause every known fault: ONLY=name,name chooses, LIST=yes lists, JOBS=4 at a time, WRITE=yes
	@test -n "$(LIST)" || scripts/install-packages chaos $(PG)
	@test -n "$(LIST)" || scripts/install-postgresql $(PG)
	@$(PYTHON) -m chaos.run

.PHONY: soak
soak: .venv/installed-dev ## compare the refresh with the definition on ten thousand random schedules: PG=16, SCHEDULES=500
	@scripts/install-postgresql $(PG)
	@$(PYTHON) -m tests.support.soak

.PHONY: wheel
wheel: .venv/installed-dev ## build the wheel, the source archive and the bill of materials into dist/
	@$(PYTHON) -m hatchling build
	@$(PYTHON) scripts/sbom.py "dist/vessel_activity-$$($(RUN) --version | cut -d ' ' -f 2).cdx.json"

.PHONY: release
release: .venv/installed-dev ## check, build, commit and tag a release: make release VERSION=x.y.z
	@$(PYTHON) scripts/release.py $(if $(filter no,$(TESTS)),--without-tests) "$(VERSION)"

.PHONY: release-sql
release-sql: .venv/installed ## keep the SQL file of this version, from which later versions are tested to upgrade
	@$(PYTHON) scripts/release.py --only-sql

.PHONY: clean
clean: ## remove everything that was built or installed; the database under .data/ stays
	rm -rf .venv node_modules dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A new lock file is installed at the next command. The stamp is touched last, so a killed install is repeated.
.venv/installed: requirements.lock
	@scripts/make-venv .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

node_modules/.installed: package-lock.json
	@scripts/install-packages lint
	@command -v npm >/dev/null || { echo "npm is missing: install nodejs and npm, then try again" >&2; exit 1; }
	@npm ci --silent --no-audit --no-fund
	@touch $@
