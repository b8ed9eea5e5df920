# Everything is installed into this checkout: Python packages into .venv, the rest into .local.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The environment is made anew when the lock changes or the checkout has moved (its programs carry its address).
STATE := $(shell (cat requirements.lock; pwd) | cksum | cut -d' ' -f1)
INSTALLED := $(VENV)/.installed-$(STATE)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo stop test check check-style check-types check-imports check-protos check-gen check-docs \
	check-lock check-deploy format gen docs lock bench bench-identity clean distclean

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  %-14s %s\n", $$1, $$2 }'

setup: $(INSTALLED) ## Install all that is needed into the checkout
	@$(BIN)/python -m devstack setup

$(INSTALLED): requirements.lock devstack/install.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh devstack/install.sh
	@touch $@

demo: setup ## Start everything and tell journey J1; DEMO=once stops after the story
	@$(BIN)/python -m devstack.demo $(if $(filter once,$(DEMO)),--once) $(ARGS)

stop: ## Stop the local stack; its data stay
	@if test -x $(BIN)/python; then $(BIN)/python -m devstack down; fi

test: setup ## Run every test; ARGS="-k word" for some
	@$(BIN)/python -m devstack browser
	@$(BIN)/python -m pytest $(ARGS)

check: check-style check-types check-imports check-protos check-gen check-docs check-lock check-deploy ## Check all but behaviour

check-style: $(INSTALLED)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

check-types: $(INSTALLED)
	@$(BIN)/mypy

check-imports: $(INSTALLED)
	@PYTHONPATH=.:gen $(BIN)/lint-imports --no-logo

check-protos: $(INSTALLED)
	@$(BIN)/buf lint
	@$(BIN)/python -m devstack.breaking

check-gen: $(INSTALLED)
	@$(BIN)/python -m devstack.wire --check

check-docs: $(INSTALLED)
	@$(BIN)/python -m devstack.reference --check

check-lock: $(INSTALLED)
	@$(BIN)/python -m devstack.lock

check-deploy: $(INSTALLED)
	@$(BIN)/python -m deploy.check

format: $(INSTALLED) ## Format and tidy the Python
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

gen: $(INSTALLED) ## Generate gen/ from protos/
	@$(BIN)/python -m devstack.wire

docs: $(INSTALLED) ## Generate docs/reference from the code
	@$(BIN)/python -m devstack.reference

lock: $(INSTALLED) ## Bring requirements.lock up to date with pyproject.toml
	@$(BIN)/python -m devstack.lock --write

bench: setup ## Measure the whole path beside its ceilings
	@$(BIN)/python -m tests.bench $(ARGS)

bench-identity: setup ## Measure the matcher beside Splink 5 on the same data
	@$(BIN)/python -m tests.bench.identity $(ARGS)

clean: stop ## Stop, and delete data, builds and caches
	@if test -x $(BIN)/python; then $(BIN)/python -m devstack clean; fi
	@rm -rf .local build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## The same, and delete the installed packages
	@rm -rf $(VENV)
