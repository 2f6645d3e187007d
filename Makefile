# Two commands: `make` gives the report, `make test` runs the tests. Both set up .venv from requirements.lock first.
PYTHON ?= python3
CORES ?= 4
BIN := .venv/bin

.PHONY: all setup test check verify lint lock clean

all: setup
	$(BIN)/snakemake --cores $(CORES)

setup: .venv/.ready

test: setup
	$(BIN)/pytest -n 2

check verify: setup
	$(BIN)/snakemake --cores $(CORES) $@

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/lint-imports
	$(BIN)/snakemake --lint

# uv if it is there and works, else pip; --without-pip because some systems ship python3 without ensurepip.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "STOPPED in set-up: Python 3.11 or later is needed -> make PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv from requirements.lock (once, about a minute)"
	@rm -rf .venv
	@{ command -v uv >/dev/null 2>&1 && $(MAKE) --silent .with-uv 2>/dev/null ; } || $(MAKE) --silent .with-pip
	@touch $@

.PHONY: .with-uv .with-pip
.with-uv:
	uv venv --quiet --python $(PYTHON) .venv
	uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .

.with-pip:
	rm -rf .venv
	$(PYTHON) -m venv --without-pip .venv
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --require-hashes -r requirements.lock
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --no-deps --no-build-isolation -e .
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q .venv/lib >/dev/null || true

# The one source of versions: pyproject.toml says what is needed, this says exactly which.
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --quiet -o requirements.lock

clean:
	rm -rf results logs benchmarks/*/ .snakemake
