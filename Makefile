# `make demo` and `make test` create all that they need in .venv; nothing is installed outside this folder.
PY := .venv/bin/python
UV := $(shell command -v uv 2>/dev/null)
PYTHON ?= python3

.PHONY: demo test test-long test-all prove prove-quick sbom lint fix docs requirements bench bench-quality clean

demo: .venv/ready
	@$(PY) -m bot demo $(ARGS)

test: .venv/ready-dev
	@$(PY) -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal $(ARGS)

# Servers of other people's making that take minutes to set up: `.ci/extras` installs them. What is missing is skipped,
# saying so.
test-long: .venv/ready-dev
	@$(PY) -m pytest --long -m long --numprocesses=2 $(ARGS)

test-all: test test-long

# Every promise under fire: kills, storms, hostile input, people at once. docs/proof.md says what was seen.
prove: .venv/ready-dev
	@$(PY) -m tests.prove $(ARGS)

prove-quick: .venv/ready-dev
	@$(PY) -m tests.prove --quick $(ARGS)

# What the product is made of, as CycloneDX: one file for whoever must know.
sbom: .venv/ready-dev
	@$(PY) -m tests.prove.packages dist/earshot.cdx.json && echo "dist/earshot.cdx.json"

lint: .venv/ready-dev
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports && $(PY) -m bot docs --check

fix: .venv/ready-dev
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

docs: .venv/ready
	@$(PY) -m bot docs

bench: .venv/ready-dev
	@$(PY) bench/intake.py && $(PY) bench/commands.py && $(PY) bench/slack.py && $(PY) bench/in_discord.py \
	  && $(PY) bench/reports.py && $(PY) bench/clock.py && $(PY) bench/storm.py && $(PY) bench/spikes.py && $(PY) bench/sources.py

# What needs labelled texts: make bench-quality TEXTS=folder
bench-quality: .venv/ready-dev
	@$(PY) bench/quality.py $(TEXTS) && $(PY) bench/scoring.py $(TEXTS) && $(PY) bench/languages.py $(TEXTS) \
	  && $(PY) bench/copies.py --data $(TEXTS) && $(PY) bench/us.py $(TEXTS)/weps3_relevance.csv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Earshot needs Python 3.11 or newer; this is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 demo"; exit 2; }
ifdef UV
	@$(UV) venv --quiet --python $(PYTHON) .venv
else
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian or Ubuntu: apt-get install python3-venv"; exit 2; }
endif

define install
	@echo "installing $(1) (once)"
	@$(if $(UV),$(UV) pip install --quiet --python $(PY) --require-hashes -r $(1),$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1))
endef

# The product runs from its checkout; a .pth file puts it on the path and bin/earshot is the command.
define link
	@$(PY) -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_paths()["purelib"], "earshot.pth").write_text("$(CURDIR)\n")'
	@printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m bot "$$@"\n' "$(CURDIR)" > .venv/bin/earshot && chmod +x .venv/bin/earshot
endef

.venv/ready: requirements.txt | .venv/bin/python
	$(call install,requirements.txt)
	$(link)
	@touch $@

.venv/ready-dev: requirements-dev.txt | .venv/bin/python
	$(call install,requirements-dev.txt)
	$(link)
	@touch .venv/ready $@

# New pins. Hashes only: no index address is written into the files.
requirements:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements.txt pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade --extra dev -o requirements-dev.txt pyproject.toml

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache
