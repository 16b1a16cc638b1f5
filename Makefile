# Each target works by itself on a new machine with Python 3.11 or later.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# the tests start a thousand interpreters, which shall find our modules compiled
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test check check-code check-types check-documents bench clients

setup: $(VENV)/.done
# what the lock holds is installed by its hashes, on the kind of machine that it is for
$(VENV)/.done: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	if head -1 requirements.lock | grep -q "$$($(BIN)/python -c "import platform as p; print(\"CPython\", \".\".join(p.python_version_tuple()[:2]), \"on\", p.system(), p.machine())")"; then \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; fi
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/audiopipe transcribe fixtures/recordings --backend local --overwrite -o demo-out
	@for text in $$(find demo-out -name '*.txt' | sort); do echo; echo "$$text:"; cat "$$text"; done
	@echo; echo "a recording told again, and heard again:"
	$(BIN)/audiopipe roundtrip fixtures/recordings/jfk.flac --backend local -o demo-out/roundtrip

# clients of the gateway that are no part of the development extra; the tests use them where they are
clients: .clients/.done
.clients/.done: tests/clients/package.json tests/clients/requirements.txt
	mkdir -p .clients && cp tests/clients/package.json .clients/
	cd .clients && npm install --silent --no-audit --no-fund
	$(PYTHON) -m venv .clients/venv
	.clients/venv/bin/pip install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
	touch $@

# a file in one process, so that what it prepares once is prepared once, and three of them for two
# cores, as some wait for a server or a limit; one thread each for what computes: on busy cores
# threads of BLAS spend their time waiting for each other
test: setup
	CLIENTS=$(patsubst %/.done,%,$(wildcard $(CURDIR)/.clients/.done)) OMP_NUM_THREADS=1 \
		$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# three parts, which may be looked at side by side: make -j 2 check
check: check-code check-types check-documents

check-code: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

check-types: setup
	$(BIN)/mypy

check-documents: setup
	$(BIN)/python scripts/make_help.py --check
	$(BIN)/python scripts/make_lock.py --check
	-$(BIN)/python scripts/make_licences.py --check
	$(BIN)/python scripts/check_readme.py

bench: setup
	for script in scripts/bench_*.py; do $(BIN)/python $$script || exit; done
