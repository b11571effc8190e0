# Needs Python 3.11 (or newer, below 3.14) and make; everything else is brought along.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.9
UV := .tools/bin/uv
RUN := $(UV) run --no-sync
PORTFOLIO ?= pipelines/sample.yaml

# Measured with one thread per library: more threads than free cores slow LightGBM down badly.
export OMP_NUM_THREADS ?= 1
export UV_PYTHON_DOWNLOADS := never

.PHONY: demo test test-slow lint format bench docs clean

demo: .venv/.runtime
	$(RUN) duewise demo $(PORTFOLIO)

test: .venv/.dev lint
	$(RUN) pytest -m "not slow" -n 2 --dist loadfile

test-slow: .venv/.dev
	$(RUN) pytest -m slow -n 2 --dist loadfile

lint: .venv/.dev
	$(RUN) ruff format --check src tests benchmarks notebooks
	$(RUN) ruff check src tests benchmarks notebooks
	$(RUN) mypy
	$(RUN) lint-imports

format: .venv/.dev
	$(RUN) ruff format src tests benchmarks notebooks
	$(RUN) ruff check --fix src tests benchmarks notebooks

bench: .venv/.bench
	for claim in benchmarks/[a-z]*.py; do $(RUN) python $$claim || exit 1; done

docs: .venv/.dev
	$(RUN) python -m duewise.contracts.dictionary
	$(RUN) python -m duewise.features.dictionary
	$(RUN) python -m duewise.portfolio_page
	$(RUN) python -m duewise.commands_page

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet uv==$(UV_VERSION)

.venv/.runtime: $(UV) pyproject.toml uv.lock
	$(UV) sync --locked --inexact --python "$$(command -v $(PYTHON))" --no-default-groups --extra web
	touch $@

.venv/.dev: $(UV) pyproject.toml uv.lock
	$(UV) sync --locked --inexact --python "$$(command -v $(PYTHON))" --all-extras
	touch $@ .venv/.runtime

.venv/.bench: .venv/.dev
	$(UV) sync --locked --inexact --python "$$(command -v $(PYTHON))" --all-extras --group bench
	touch $@

clean:
	rm -rf .venv .tools data/sample data/sample-truth models/mlflow runs
