# Every target makes what it needs: .venv from the locked requirements, the database, the browser.
# The variables of README.md's table are honoured: make run PORT=9000 DEMO=0

PYTHON = .venv/bin/python
PYTEST = $(PYTHON) -m pytest
PIP = $(PYTHON) -m pip --disable-pip-version-check --no-input install --require-hashes
SOURCES = manage.py portal policy applications reviews awards
.DEFAULT_GOAL := help
.PHONY: help setup dev run test e2e pictures guarantees mutants bench lint fmt messages lock audit clean

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

setup: .venv/.installed ## .venv with the packages of the portal, from the lock
dev: .venv/.installed-dev

# A fresh machine has Python 3.11 under one of these names, and nothing else.
.venv/bin/python:
	@for python in python3.11 python3 python3.12 python3.13; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making .venv with $$($$python --version)"; exec $$python -m venv .venv; fi; \
	done; echo "Python 3.11 or newer with its venv module is needed (Debian: apt install python3-venv)" >&2; exit 1

.venv/.installed: requirements.txt | .venv/bin/python
	@echo "Installing the portal's packages (about a minute the first time)"
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip
	@$(PIP) --requirement requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt | .venv/bin/python
	@echo "Installing the packages of development (about a minute the first time)"
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip
	@$(PIP) --requirement requirements-dev.txt
	@touch $@ .venv/.installed

run: setup ## the portal: database, web, worker, beat; prints the address and the accounts
	@exec $(PYTHON) manage.py up

test: dev ## all tests but the browser's and the long ones
	$(PYTEST) -n 2 --dist worksteal -q -m "not long" $(ARGS)

e2e: dev ## the browser's tests; installs Chromium and a Chinese font where it may
	@sh tests/e2e/browser.sh
	$(PYTEST) -n 2 --dist worksteal -q tests/e2e $(ARGS)

pictures: dev ## the pictures of the help, taken anew from a portal with demonstration data
	DJANGO_SETTINGS_MODULE=portal.settings $(PYTHON) -m tests.e2e.pictures $(ARGS)

guarantees: dev ## the long proofs: kills, races in rounds
	$(PYTEST) -v -m long $(ARGS)

mutants: dev ## one damage for each constraint, trigger and lock: the guarantees must turn red
	$(PYTHON) -m tests.guarantees.mutants $(ARGS)

bench: dev ## benchmarks as JSON, on a database of their own: make bench ARGS="--output FILE"
	@$(PYTHON) -m tests.benchmarks $(ARGS)

lint: dev ## style, types, templates, migrations, deployment settings
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy $(SOURCES)
	$(PYTHON) -m djlint --lint templates
	$(PYTHON) manage.py makemigrations --check --dry-run
	SITE_URL=https://grants.example.org EMAIL_URL=smtp://localhost CLAMD_URL=tcp://localhost:3310 \
	  $(PYTHON) manage.py check --deploy --fail-level WARNING

fmt: dev ## format the code
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

messages: dev ## collect the message ids into locale/en and name what lacks its English
	@$(PYTHON) manage.py messages && $(PYTHON) manage.py compilemessages

lock: dev ## the locks anew from requirements*.in, with hashes
	.venv/bin/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements.in -o requirements.txt
	.venv/bin/uv pip compile --quiet --generate-hashes --python-version 3.11 requirements-dev.in -o requirements-dev.txt

audit: dev ## known weaknesses of the locked packages
	.venv/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.txt

clean: ## forget test databases and caches; the portal's data stay
	rm -rf var/test var/e2e .pytest_cache .mypy_cache .ruff_cache
