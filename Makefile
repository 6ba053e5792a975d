# `make demo` and `make test` need Python 3.11 or newer, make and a package index; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
STUDY := results/demo
SCRIPTS := ensemble_switchover/reporting/explorer/script
VENDOR := ensemble_switchover/reporting/explorer/vendor
D3 := node_modules/d3/dist/d3.min.js
PLOT := node_modules/@observablehq/plot/dist/plot.umd.min.js
FASHION_MNIST := /usr/share/datasets/fashion-mnist

export PYTHONDONTWRITEBYTECODE := # empty: tests start processes, each of which would compile the package

.DEFAULT_GOAL := help
.PHONY: help demo install test test-fast test-slurm test-ray lint type imports from-debian scripts scripts-if-node vendor format docs bench bench-page bench-power bench-all lock clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(INSTALLED) ## Train a miniature study on real images and show where the switchover is
	@$(BIN)/python -m ensemble_switchover sweep=demo
	@$(BIN)/python -m ensemble_switchover.report $(STUDY)
	@$(BIN)/python -m ensemble_switchover.explore $(STUDY)

install: $(INSTALLED) ## Make .venv with the locked dependencies and this package

test: $(INSTALLED) from-debian ## Run lint, types, import contracts and the tests
	@said=$$(mktemp); $(MAKE) -k --no-print-directory lint type imports scripts-if-node >$$said 2>&1 & checks=$$!; \
	$(BIN)/python -m pytest -n auto --dist loadgroup; tests=$$?; \
	wait $$checks; checked=$$?; cat $$said; rm $$said; exit $$((tests || checked))

test-fast: $(INSTALLED) ## Run the quick tests, without processes, browser and Slurm
	$(BIN)/python -m pytest -n auto -m "not process and not browser and not slurm and not slow" tests

from-debian: # what cannot be had is told, and the tests that need it skip
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  missing=; \
	  command -v chromium >/dev/null || missing="chromium"; \
	  command -v sinfo >/dev/null || missing="$$missing slurm-wlm munge"; \
	  [ -d $(FASHION_MNIST) ] || missing="$$missing dataset-fashion-mnist"; \
	  if [ -n "$$missing" ]; then \
	    echo "Installing for the tests:" $$missing; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get update -qq >/dev/null || true; \
	    for package in $$missing; do \
	      apt-get install -qq --no-install-recommends $$package >/dev/null || true; \
	    done; \
	  fi; \
	fi
	@command -v chromium >/dev/null || echo "No Chromium: the explorer's page is not tested in a browser."
	@{ [ "$$(id -u)" = 0 ] && command -v slurmctld && command -v slurmd; } >/dev/null || \
	  echo "No Slurm's daemons, or not root, who starts them: sweeps are not tested on it."
	@[ -d $(FASHION_MNIST) ] || \
	  echo "No Fashion-MNIST in $(FASHION_MNIST): its images are not tested."

scripts-if-node: # what cannot be had is told
	@if command -v npm >/dev/null && $(MAKE) --no-print-directory node_modules/.installed; then \
	  $(MAKE) --no-print-directory scripts; \
	else echo "No Node.js: the explorer's scripts are not checked."; fi

test-slurm: $(INSTALLED) from-debian ## Run sweeps on a real Slurm, started here (Debian's slurm-wlm and munge; root)
	REQUIRE_SLURM=1 $(BIN)/python -m pytest tests/test_slurm.py

test-ray: $(INSTALLED) ## Run sweeps on a real Ray of two nodes, started here
	$(BIN)/python -m venv --system-site-packages $(VENV)/ray
	echo $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') > \
	  $$($(VENV)/ray/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/main.pth
	$(VENV)/ray/bin/python -m pip install --quiet --disable-pip-version-check -e '.[ray]' --no-build-isolation
	TEST_ENGINES=1 $(VENV)/ray/bin/python -m pytest tests/test_ray.py

lint: $(INSTALLED) ## Check style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

type: $(INSTALLED) ## Check types
	$(BIN)/mypy

imports: $(INSTALLED) ## Check that imports run one way, and that light commands stay light
	$(BIN)/lint-imports --no-cache

scripts: node_modules/.installed ## Check the explorer's scripts and its libraries (needs Node.js)
	npx tsc
	npx eslint $(SCRIPTS) eslint.config.js
	npx prettier --check $(SCRIPTS) $(SCRIPTS)/../explorer.css eslint.config.js
	cmp $(D3) $(VENDOR)/d3.min.js
	cmp $(PLOT) $(VENDOR)/plot.umd.min.js

vendor: node_modules/.installed ## Copy the explorer's libraries from the npm registry's packages
	cp $(D3) $(PLOT) $(VENDOR)/
	cd $(VENDOR) && sha256sum *.js > SHA256SUMS

node_modules/.installed: package.json package-lock.json
	npm ci --no-fund --no-audit
	@touch $@

format: $(INSTALLED) ## Put the code into its layout
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(INSTALLED) ## Write docs/configuration.md and the tables of columns and of shipped studies anew
	$(BIN)/python docs/make_configuration.py
	$(BIN)/python docs/make_tables.py
	$(BIN)/python docs/make_studies.py

bench: $(INSTALLED) ## Time executions against each other, a bare loop, and other libraries
	@$(BIN)/python -m benchmarks.execution

bench-page: $(INSTALLED) ## Time the explorer's page of 2,000 runs in a browser (needs Chromium)
	@$(BIN)/python -m benchmarks.explorer_page

bench-power: $(INSTALLED) ## Simulate how often the rule of the switchover finds it, and what a sweep needs
	@$(BIN)/python -m benchmarks.power
	@$(BIN)/python -m benchmarks.buying
	@$(BIN)/python -m benchmarks.error_intervals
	@$(BIN)/python -m benchmarks.short_list
	@$(BIN)/python -m benchmarks.cascade_choice

bench-all: bench ## Time everything else too, and check the clocks
	@$(BIN)/python -m benchmarks.lightning_overhead
	@$(BIN)/python -m benchmarks.data_loading
	@$(BIN)/python -m benchmarks.augmentation
	@$(BIN)/python -m benchmarks.serving
	@$(BIN)/python -m benchmarks.cascade_latency
	@$(BIN)/python -m benchmarks.clock
	@$(BIN)/python -m benchmarks.store
	@$(BIN)/python -m benchmarks.dispatch
	@$(BIN)/python -m benchmarks.study

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --upgrade -o requirements.lock

clean: ## Remove the environment and what tools leave behind; results stay
	rm -rf $(VENV) node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing the locked dependencies into $(VENV); the first time takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
