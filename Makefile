# Every command of the project; 'make' alone lists them. Works with GNU make 3.81 (macOS) and newer.

# Any Python 3 will do to begin: install.py looks for a supported one itself.
PYTHON ?= python3
BIN = .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install run test check format lab up down status clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

install: ## make .venv from requirements.lock (the others do it for you)
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "SetupError: no $(PYTHON) on PATH. Install Python 3.11 to 3.13, or say 'make PYTHON=/path/to/python3 ...'." >&2; exit 3; }
	@$(PYTHON) pipelines/local/install.py $(filter-out python3,$(PYTHON))

run: install ## the main job on made-up data: services up, generate, run, report, services down
	@$(BIN)/dishpatch demo

test: install ## all tests, on real services that the tests start and stop
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

check: install ## formatting, lint and types
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

format: install ## format the code and mend what lint can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lab: install ## services up, JupyterLab on loopback; services stop when Lab ends
	@$(BIN)/dishpatch lab

up: install ## start Kafka, Cassandra, S3 and the warehouse
	@$(BIN)/dishpatch up

down: install ## stop them, data kept
	@$(BIN)/dishpatch down

status: install ## show them
	@$(BIN)/dishpatch status

clean: ## stop the services; remove their data, run outputs and caches (.venv and downloaded jars stay)
	@if [ -x $(BIN)/dishpatch ]; then $(BIN)/dishpatch down; fi
	@for each in .dishpatch/*; do \
	  case "$$each" in .dishpatch/cache) ;; *) rm -rf "$$each" ;; esac; done
	@rm -rf reports/runs reports/published .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@echo "removed data, run outputs and caches"
