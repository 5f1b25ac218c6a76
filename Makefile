# Every target works on a fresh machine that has Python 3.11 to 3.14, Node 20, 22 or 24, and make. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
NODE_INSTALLED := node_modules/.installed
SOKETI_INSTALLED := tests/soketi/node_modules/.installed
TOOLS_INSTALLED := tools/node_modules/.installed
LIGHTHOUSE_INSTALLED := bench/lighthouse/node_modules/.installed
SECURITY_INSTALLED := tools/security/.venv/.installed
WIRE_INSTALLED := bench/wire/node_modules/.installed
BUILT := static/dist/manifest.json
FRONT_END := $(shell find static/js static/css static/favicon.svg -type f)
TRANSLATED := $(wildcard aircall/web/translations/*/LC_MESSAGES/messages.po)
SENTENCES := aircall/web/translations/messages.pot
COMPILED := $(TRANSLATED:.po=.mo)
# For every Python from 3.11 on and every system, each file by its hash.
UV_COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --annotation-style=line
# The lock is whole: nothing is left to pip's resolver, whose older versions refuse hashes for extras.
PIP_INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --silent
# Where a folder of packages brings a Node along.
TOOLS_NODE = $(firstword $(wildcard tools/node_modules/node-*/bin/node) node)
CODE := app.py config.py gunicorn.conf.py aircall sandbox scripts tests bench

.PHONY: help run dev setup test test-soketi test-browsers security check check-web lint format lock release translations bench soak screenshots clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

run: setup ## Serve the dashboard, beside a sandbox API unless AIRCALL_API_URL is set; SANDBOX="--recorded" sets its options
	@exec $(BIN)/python -m scripts.run $(SANDBOX)

dev: setup ## Serve beside the sandbox, and again, built anew, whenever a source changes; open pages load themselves again
	@exec $(BIN)/python -m scripts.dev

setup: $(INSTALLED) $(BUILT) $(COMPILED) ## Python packages, the built front end and the translations

test: setup $(INSTALLED_DEV) $(TOOLS_INSTALLED) ## Every test, in Chromium too
	@scripts/install-browser
	@scripts/install-postgresql
	@scripts/install-server redis-server redis-server
	@scripts/install-server nginx nginx-light
	$(BIN)/python -m scripts.run_tests
	node --test tests/js/*.test.js

test-soketi: setup $(INSTALLED_DEV) $(SOKETI_INSTALLED) ## The listener's contract against soketi, another Pusher server
	$(BIN)/python -m pytest tests/soketi

test-browsers: setup $(INSTALLED_DEV) ## A smoke test in Firefox and WebKitGTK
	@scripts/install-server firefox-esr firefox-esr
	@scripts/install-server WebKitWebDriver webkit2gtk-driver
	@scripts/install-server Xvfb xvfb
	$(BIN)/python -m pytest tests/browsers

security: setup $(INSTALLED_DEV) $(TOOLS_INSTALLED) $(SECURITY_INSTALLED) ## What is promised of security, how it was tried and what came of it, as one table
	@scripts/install-browser
	@scripts/install-postgresql
	@scripts/install-server redis-server redis-server
	@scripts/install-server nginx nginx-light
	$(BIN)/python -m tests.security

check: lint ## Format, lint, types, and the tests in unit: within a minute
	$(BIN)/python -m pytest -q -n 3 --dist loadfile tests/unit

check-web: setup $(INSTALLED_DEV) ## The tests in web: every page and form
	$(BIN)/python -m pytest -q -n 3 --dist loadfile tests/web

lint: setup $(INSTALLED_DEV) $(TOOLS_INSTALLED) ## Format, lint and types
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/hadolint Dockerfile
	$(TOOLS_NODE) tools/lint-workflows.mjs

format: $(INSTALLED_DEV) ## Format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

lock: $(INSTALLED_DEV) ## Pin what requirements*.in ask for
	$(UV_COMPILE) requirements.in -o requirements.txt
	$(UV_COMPILE) requirements-dev.in -o requirements-dev.txt
	$(UV_COMPILE) tools/security/requirements.in -o tools/security/requirements.txt

release: $(INSTALLED) ## Write VERSION wherever the version stands; docs/releasing.md has the rest
	@$(BIN)/python -m scripts.release "$(VERSION)"

translations: $(INSTALLED) ## Gather what people read into the catalogs of aircall/web/translations
	@scripts/gather-sentences $(SENTENCES)
	$(BIN)/pybabel -q update -i $(SENTENCES) -d aircall/web/translations --no-fuzzy-matching --ignore-pot-creation-date
	@rm $(SENTENCES)

bench: setup $(INSTALLED_DEV) $(TOOLS_INSTALLED) $(LIGHTHOUSE_INSTALLED) $(WIRE_INSTALLED) ## The benchmarks, each a ratio against a reference in one run
	@scripts/install-browser
	$(BIN)/python -m bench

soak: setup $(INSTALLED_DEV) ## Half an hour of traffic while processes are killed, or SOAK_MINUTES of it
	@scripts/install-server redis-server redis-server
	$(BIN)/python -m tests.soak

screenshots: setup $(INSTALLED_DEV) ## Pictures of every page in every state, light and dark, wide and narrow, in screenshots/
	@scripts/install-browser
	$(BIN)/python -m tests.screenshots

clean: ## Remove what the other targets made, but for the data in instance/
	rm -rf $(VENV) node_modules static/dist $(COMPILED) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.txt | $(VENV)/bin/python
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

$(NODE_INSTALLED): package-lock.json
	$(NPM_CI)
	@touch $@

# Apart from the others, whose versions these would bind.
$(SECURITY_INSTALLED): tools/security/requirements.txt
	$(PYTHON) -m venv tools/security/.venv
	tools/security/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

%/node_modules/.installed: %/package-lock.json
	cd $* && $(NPM_CI)
	@touch $@

%.mo: %.po | $(INSTALLED)
	$(BIN)/pybabel -q compile -i $< -o $@

$(BUILT): $(NODE_INSTALLED) build.mjs $(FRONT_END)
	node build.mjs
