.DEFAULT_GOAL := help
PYTHON ?= python3
RUN := .venv/bin/python -m
# Hundreds of processes start in the tests and the demo: each would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/ready: pyproject.toml uv.lock
	$(PYTHON) -c 'import sys; sys.exit("Comporta needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	# The full wheel of XGBoost brings 300 MB of CUDA; the tests have `xgboost-cpu`. CatBoost and its 600 MB, and
	# grpcio, have environments of their own: `make matrix`, `make soak`.
	.venv/bin/uv sync --quiet --frozen --all-extras --no-extra xgboost --no-extra catboost --no-extra grpc --compile-bytecode
	@touch $@

.PHONY: help demo test soak check bench truth grid releases matrix real
check: .venv/ready ## format, lint, types, import contracts
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	.venv/bin/lint-imports

# Reports are looked at in a real browser; where none is there and none can be had, that test says so.
.venv/browser: .venv/ready
	@command -v chromium-headless-shell chromium chromium-browser google-chrome chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-dejavu-core >/dev/null; } || \
	  echo "No browser found: install chromium to test the reports' page."
	@touch $@

test: .venv/ready .venv/browser ## every test, of what takes long a sample
	$(RUN) pytest -n 3 --dist loadscope -m "not soak"

soak: .venv/ready .venv/browser ## the long forms of what the tests sample
	$(RUN) pytest -n 2 --dist loadscope -m soak

demo: .venv/ready ## from flight records to a traced prediction, in two minutes
	.venv/bin/python examples/flights/demo.py

bench: .venv/ready ## every promise, one JSON line each
	.venv/bin/python benchmarks/run_all.py

matrix: .venv/ready ## each Python, the lowest and newest versions of what is required, each extra alone, CatBoost, PyTorch
	.venv/bin/python matrix/run.py

real: .venv/ready ## the examples for other orchestrators, each run by its own in an environment that is made for it
	.venv/bin/python matrix/run.py orchestrator

truth: .venv/ready ## the studies behind docs/reference/checks.md and faults.md: hours
	.venv/bin/python benchmarks/truth/run.py

grid: .venv/ready ## how often verdicts are wrong at their limit: docs/reference/error-rates.md, hours
	.venv/bin/python benchmarks/truth/grid.py

releases: .venv/ready ## how often releases are decided wrongly: docs/reference/release-decisions.md, minutes
	.venv/bin/python benchmarks/truth/releases.py
