# make demo    a show of real calls on a real Asterisk; the first time it installs what it needs (README.md)
# make test    all tests, those on the real Asterisk and on PostgreSQL included; three files at a time
# make check   style, types, layers: a few seconds
# make bench   load, beside Asterisk's own Dial()
# make lock    the lock files anew, from pyproject.toml
# make clean   removes what the others made inside this folder
#
# A second run starts in seconds: what was done is remembered in .venv/ and .private/.

PYTHON ?= python3
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: demo test check bench lock clean asterisk postgres sipp
.DELETE_ON_ERROR:

demo: .venv/.dev asterisk
	@.venv/bin/python -m tests.demo

test: .venv/.dev asterisk postgres
	.venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python -m pytest -q tests/test_layers.py

bench: .venv/.dev asterisk sipp
	@.venv/bin/python -m tests.bench

asterisk: .venv/.dev
	@docker/fetch-asterisk >/dev/null

postgres sipp:
	@docker/prepare-host $@

# Run and development in one environment: the demo needs the mail catcher of the tests.
.venv/.dev: requirements-dev.lock pyproject.toml docker/prepare-host docker/install-python
	@PYTHON=$(PYTHON) docker/prepare-host python
	@docker/install-python $< $(PYTHON)
	@touch $@

# Hashes for Python 3.11 and newer, amd64 and arm64; no address of any index.
LOCK = .private/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet --upgrade --group build
lock: | .venv/.dev
	@test -x .private/lock/bin/uv || { .venv/bin/python -m venv .private/lock && \
		.private/lock/bin/python -m pip --disable-pip-version-check --quiet install uv; }
	UV_PYTHON_DOWNLOADS=never $(LOCK) --extra postgres --output-file requirements.lock
	UV_PYTHON_DOWNLOADS=never $(LOCK) --extra postgres --group dev --output-file requirements-dev.lock

clean:
	rm -rf .venv .private .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
