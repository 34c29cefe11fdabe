# `make demo` runs the CsI[Na] fit, `make test` the tests; both set up all they need in virtual
# environments beside this file. `make help` lists the rest.
#
# uv is used where it is on PATH, pip otherwise (`make UV= test` leaves uv out). Another Python:
# `make PYTHON=/path/to/python3.12 test`. More for pytest: `make test ARGS="-k csi -x"`.

SHELL := /bin/sh
JOBS ?= 2
# One process of Sphinx more than cores: one hands out the pages, and a page waits for its kernel.
DOCS_JOBS ?= $(shell expr $(JOBS) + 1)
ARGS ?=
# What is installed beside the pins: the sources in place, or a wheel (`make test PACKAGE=FILE.whl`).
PACKAGE ?= -e .
WHEEL ?=
DOCKER ?= docker
LOCK := requirements/dev.txt

# The first interpreter that is new enough; the plain name first, as the user's choice.
PYTHON := $(or $(PYTHON),$(shell for p in python3 python python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& command -v $$p && break; done))
UV := $(shell uv --version >/dev/null 2>&1 && command -v uv)

# The time of the commit, which stands in the archives instead of the time of the build.
EPOCH := $(addprefix SOURCE_DATE_EPOCH=,$(shell git log -1 --format=%ct 2>/dev/null))
DEV := .venv/.installed
DEMO := .venv-demo/.installed
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo setup test test-slow siege doctest lint format types layers docs bench \
	readme planted-bugs mutants lock build check-build wheel-test image image-test \
	release-notes clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO)  ## the CsI[Na] fit: the table here, the figures in results/
	.venv-demo/bin/cevns fit coherent-csi-2021 --plots results/
	@echo; echo "What to type next:"; \
	echo "  . .venv-demo/bin/activate"; \
	echo "  cevns list experiments"; \
	echo "  cevns scan coherent-csi-2021 --model nsi --parameter eps_ee_u=-0.3:0.7:101 --plots results"; \
	echo "  cevns init reactor --out my.yaml     # a detector of your own"; \
	echo "  cevns fit my.yaml --asimov --plots results"

setup: $(DEV)  ## the development environment .venv: every extra, every developer tool

test: $(DEV)  ## the fast tests
	$(PYTEST) -n $(JOBS) -m "not slow" $(ARGS)

test-slow: $(DEV)  ## the slow tests
	$(PYTEST) -n $(JOBS) --dist loadgroup -m slow --durations 15 $(ARGS) || test $$? -eq 5  # 5: none is marked slow

siege: $(DEV)  ## hostile inputs and fast forms, all of them
	$(PYTEST) -n $(JOBS) tests/siege $(ARGS)

doctest: $(DEV)  ## the examples in docstrings and in the README
	$(PYTEST) -n $(JOBS) --doctest-modules --doctest-glob='*.md' src/cevns README.md $(ARGS)

lint: $(DEV)  ## style, formatting, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

format: $(DEV)  ## repair what `make lint` can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV)  ## mypy, strict
	$(BIN)/mypy

layers: $(DEV)  ## imports go one way
	$(BIN)/lint-imports --no-logo

docs: $(DEV)  ## the documentation, warnings as errors, in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -j $(DOCS_JOBS) -b html docs docs/_build/html

bench: $(DEV)  ## every benchmark once, quickly (run the files in benchmarks/ for the numbers)
	@set -e; for f in benchmarks/[!_]*.py; do test -e "$$f" || continue; \
	echo "$$f --quick"; $(BIN)/python "$$f" --quick; done

readme: $(DEV)  ## docs/comparison.md, and the table and the figure in README.md, anew
	$(BIN)/python tools/write_comparison.py --cevns $(BIN)/cevns

planted-bugs: $(DEV)  ## do the tests find bugs planted in a copy of the package?
	$(BIN)/python tools/planted_bugs.py $(BUGS)

mutants: $(DEV)  ## do the tests find random changes of the package? (long; MUTANTS="--number 20")
	$(BIN)/python tools/mutants.py --jobs $(JOBS) $(MUTANTS)

lock:  ## pins and hashes in requirements/dev.txt (needs uv); newer ones: make lock UPGRADE=--upgrade
	@test -n "$(UV)" || { echo "make lock needs uv on PATH" >&2; exit 2; }
	$(UV) pip compile pyproject.toml --all-extras --group dev $(UPGRADE) --universal \
	--python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
	--no-header --quiet --output-file $(LOCK)

build: $(DEV)  ## the source archive and the wheel in dist/, the same bytes for the same commit
	rm -rf dist
	$(EPOCH) $(BIN)/python -m build --no-isolation

check-build: build  ## are the files in dist/ as they must be for publication?
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

wheel-test: $(if $(WHEEL),,build)  ## the wheel without any extra, in a new environment (WHEEL=FILE: that one)
	rm -rf .venv-wheel
	$(call environment,.venv-wheel)
	$(call locked,.venv-wheel,--also pytest --also hypothesis)
	$(call install,.venv-wheel) --no-deps $(or $(WHEEL),dist/*.whl)
	CEVNS_WHEEL="$$(ls $(or $(WHEEL),dist/*.whl))" .venv-wheel/bin/python -m pytest -m "not slow" \
	tests/test_wheel.py tests/test_core_only.py $(ARGS)

image: $(if $(WHEEL),,build)  ## the container image `cevns` with the wheel in dist/ (DOCKER=podman)
	$(DOCKER) build --file Containerfile --build-arg COMMIT="$$(git rev-parse HEAD)" --tag cevns .

image-test: image $(DEV)  ## one fit in the container, without a network
	CEVNS_COMMAND="$(DOCKER) run --rm --network none cevns" $(PYTEST) tests/test_wheel.py -k fit $(ARGS)

release-notes: $(DEV)  ## what CHANGELOG.md says of a version, if all agree on it: TAG=v1.2.3
	@$(BIN)/python tools/release_notes.py $(TAG)

clean:  ## remove everything made here
	rm -rf .venv .venv-demo .venv-wheel results build dist docs/_build docs/api/generated docs/notebooks
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environments -------------------------------------------------------------------------------
# A stamp file says that an environment is complete; it is made again when pyproject.toml or the
# pins change. The package itself is installed in place, so its sources need no new set-up.

define environment
@test -n "$(PYTHON)" || { echo "cevns needs Python 3.11 or newer; put one on PATH or name it:" \
	"make PYTHON=/path/to/python3.12" >&2; exit 2; }
@echo "setting up $(1) with $(if $(UV),uv,pip) and $(PYTHON)"
@$(if $(UV),test -x $(1)/bin/python || $(UV) venv --quiet --python "$(PYTHON)" $(1), \
	$(1)/bin/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv $(1))
endef
install = @$(if $(UV),$(UV) pip install --quiet --python $(1)/bin/python, \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check)

# What is installed is what the lock names, and a file is taken only if its hash stands there. The
# build backend of the package is pinned too, so that nothing is fetched past the lock.
define locked
@"$(PYTHON)" tools/locked.py --also hatchling $(2) > $(1)/locked.txt
$(call install,$(1)) --require-hashes -r $(1)/locked.txt
endef
package = $(call install,$(1)) --no-deps --no-build-isolation $(PACKAGE)

$(DEV): pyproject.toml $(LOCK)
	$(call environment,.venv)
	$(call install,.venv) --require-hashes -r $(LOCK)
	$(call package,.venv)
	@touch $@

$(DEMO): pyproject.toml $(LOCK)
	$(call environment,.venv-demo)
	$(call locked,.venv-demo,--extra plot)
	$(call package,.venv-demo)
	@touch $@
