# Everything from an empty machine: needs Python 3.11 or newer, and make.
#
#   make up      run the hub here (HUB_PORT, HUB_DATA_DIR choose where)
#   make test    run the whole suite on real PostgreSQL and Valkey
#   make help    what else there is

PYTHON ?=
BIN := .venv/bin
# (ensurepip: an earlier run may have been stopped between the folder and pip.)
PIP := { $(BIN)/python -m pip --version || $(BIN)/python -m ensurepip; } >/dev/null 2>&1 && \
  $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
NPM := $(shell command -v npm)
CLIENTS := $(if $(NPM),tests/clients/node_modules/.package-lock.json)

.PHONY: help up test soak autobahn api worker lint sbom clean
.DEFAULT_GOAL := help

help:
	@echo 'make up      run the hub: embedded PostgreSQL and Valkey, web and worker (HUB_PORT, HUB_DATA_DIR)'
	@echo 'make test    run the whole test suite; ARGS="-k word" for a part of it'
	@echo 'make soak    the runs of faults: SECONDS=600 of all kinds, then ALERTS=1000000 under KILLS=100; SEED=… repeats one'
	@echo 'make autobahn the Autobahn fuzzing client against our WebSocket; needs a Python 2.7 (PYTHON27=/path)'
	@echo 'make api     one more web process in the foreground, on the data of a running hub, at HUB_PORT + 10'
	@echo 'make worker  one more worker process in the foreground, on the data of a running hub'
	@echo 'make lint    style, types and floors'
	@echo 'make sbom    the bill of materials of what is pinned, CycloneDX 1.5, into dist/'
	@echo 'make clean   remove what was built and installed here; data/ stays'

# `exec` leaves no shell in between: a TERM sent to make goes on to the hub, and make waits for its end.
up: .venv/installed
	@exec $(BIN)/incidenthub up

test: .venv/installed-test $(CLIENTS)
	@exec $(BIN)/python -m pytest $(ARGS)

# Clients of Node.js, where it is there; without them their tests are skipped, which CI does not allow.
tests/clients/node_modules/.package-lock.json: tests/clients/package-lock.json
	@echo 'installing clients of Node.js for the tests'
	@cd tests/clients && npm ci --silent --ignore-scripts || echo 'they were not installed: their tests are skipped' >&2

SECONDS ?= 600
ALERTS ?= 1000000
KILLS ?= 100
soak: .venv/installed-test
	@FAULTS_SECONDS=$(SECONDS) FAULTS_ALERTS=$(ALERTS) FAULTS_KILLS=$(KILLS) FAULTS_SEED=$(SEED) \
	exec $(BIN)/python -m pytest tests/faults/test_campaign.py tests/faults/test_siege.py -n 0 -s

# A report with a page for each case is left in build/autobahn; CASES='7.*' runs a part.
CASES ?= *
autobahn: .venv/installed-test .venv/autobahn/installed
	@exec $(BIN)/python tests/autobahn/fuzz.py .venv/autobahn/python2.7/bin/wstest build/autobahn "$(CASES)"

# The last virtualenv that can make one for Python 2.7, in an environment of its own.
PYTHON27 ?=
.venv/autobahn/installed: | .venv/bin/python
	@for python in $(PYTHON27) python2.7 $${PYENV_ROOT:-$$HOME/.pyenv}/versions/2.7.*/bin/python2.7; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null; then \
	    echo "installing the Autobahn test suite, with $$python"; \
	    rm -rf .venv/autobahn; \
	    pip='-m pip --disable-pip-version-check --no-input --no-python-version-warning install --quiet'; \
	    $(BIN)/python -m venv .venv/autobahn/maker && \
	    .venv/autobahn/maker/bin/python $$pip virtualenv==20.21.1 && \
	    .venv/autobahn/maker/bin/virtualenv --quiet --python $$python .venv/autobahn/python2.7 && \
	    .venv/autobahn/python2.7/bin/python $$pip autobahntestsuite==0.8.2 && \
	    touch $@; \
	    exit; \
	  fi; \
	done; \
	echo 'The Autobahn test suite needs Python 2.7, which was not found: install it (pyenv install 2.7.18) or' \
	  'name one with PYTHON27=/path/to/python2.7.' >&2; \
	exit 1

api: .venv/installed
	@HUB_PORT=$${API_PORT:-$$(( $${HUB_PORT:-8080} + 10 ))} HUB_ADMIN_PORT= && export HUB_PORT HUB_ADMIN_PORT && \
	echo "web process on http://127.0.0.1:$$HUB_PORT (API_PORT chooses another)" && \
	exec $(BIN)/incidenthub web

worker: .venv/installed
	@exec $(BIN)/incidenthub worker

lint: .venv/installed-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deno task check

dist/sbom.cdx.json: requirements.lock hub/__init__.py .ci/sbom.py | .venv/bin/python
	@mkdir -p dist
	@$(BIN)/python .ci/sbom.py >$@.new && mv $@.new $@

sbom: dist/sbom.cdx.json
	@echo 'dist/sbom.cdx.json'

clean:
	rm -rf .venv tests/clients/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making .venv with $$python"; \
	    rm -rf .venv; \
	    exec $$python -m venv .venv; \
	  fi; \
	done; \
	echo 'Python 3.11 or newer (with its venv module) was not found; name one with PYTHON=/path/to/python3.' >&2; \
	exit 1

# A stamp for each set of packages: a second run has nothing to do until setup.cfg changes.
.venv/installed: setup.cfg pyproject.toml | .venv/bin/python
	@echo 'installing'
	@$(PIP) --editable .
	@touch $@

.venv/installed-test: setup.cfg pyproject.toml | .venv/bin/python
	@echo 'installing for the tests'
	@$(PIP) --editable '.[test]'
	@touch $@ .venv/installed

.venv/installed-lint: setup.cfg pyproject.toml | .venv/bin/python
	@echo 'installing for the checks'
	@$(PIP) --editable '.[test,lint]'
	@touch $@ .venv/installed-test .venv/installed
