# captools: every target sets up what it needs by itself.
#   make demo    the main job, end to end, on a lab of real network namespaces
#   make test    everything that CI runs, lab included
#   make check   format, lint, types, imports, fast tests (under a minute)
#   make bench   speed against tshark and the floor
#   make deep    everything at length: properties, kernels bounds-checked and interpreted, fuzz (FUZZ_SECONDS per target)
#   make clean   remove the virtual environment and caches

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
FUZZ_SECONDS ?= 600
# test_compiler.py starts checked and interpreted runs by itself; interpreted, byte ranges would take hours.
INTERPRETED_TESTS := tests/wire/kernels tests/wire/test_fast.py tests/wire/test_widen.py \
	--ignore tests/wire/kernels/test_compiler.py
CHECKED_TESTS := $(INTERPRETED_TESTS) tests/wire/test_parallel.py tests/wire/test_runs.py
READY := $(VENV)/.ready
# How many processes share the tests (tests/together.py): one more than processors, since one of them mostly waits.
WORKERS ?= $(shell expr $$(nproc) + 1)

# command:package pairs that Debian provides; only missing ones are installed, and only as root.
TOOLS := tcpdump:tcpdump ngrep:ngrep tshark:tshark ip:iproute2 nft:nftables openssl:openssl wg:wireguard-tools \
	wireguard-go:wireguard-go sshd:openssh-server ssh:openssh-client curl:curl arping:arping \
	ethtool:ethtool iperf3:iperf3 kubectl:kubernetes-client zstd:zstd tmux:tmux sudo:sudo busybox:busybox unshare:util-linux ps:procps

.PHONY: setup tools demo test check static fast bench deep clean help
help:
	@sed -n '2,8s/^# \{0,1\}//p' Makefile

setup: tools $(READY)

tools:
	@missing=""; \
	for pair in $(TOOLS); do \
		command -v "$${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/$${pair%%:*}" ] || missing="$$missing $${pair##*:}"; \
	done; \
	$(PYTHON) -c 'import venv, ensurepip' >/dev/null 2>&1 || missing="$$missing python3-venv"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then \
		echo "captools: these Debian packages are missing and cannot be installed here:$$missing" >&2; exit 0; fi; \
	echo "captools: installing$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	{ apt-get update -q && apt-get install -q -y --no-install-recommends $$missing; } >/tmp/captools-apt.$$$$ 2>&1 \
		|| { tail -20 /tmp/captools-apt.$$$$ >&2; rm -f /tmp/captools-apt.$$$$; exit 1; }; \
	rm -f /tmp/captools-apt.$$$$

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev,lab]'
	@touch $@

demo: setup
	$(BIN)/captools demo --out demo

test: static
	$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4

check: static fast

static: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: setup
	$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 4 -m "not lab and not slow"

bench: setup
	-$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m tests.bench.run

# Kernels checked and interpreted have an empty cache folder of their own each (captools/store/kernels.py).
deep: setup
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -q -m "not lab" --timeout 7200 tests
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest -q --timeout 3600 $(CHECKED_TESTS)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -W ignore -m pytest -q --timeout 3600 $(INTERPRETED_TESTS)
	$(BIN)/python -m tests.agreement.table
	$(BIN)/python -m tests.agreement.links --say
	for run in 1 2 3 4 5 6 7 8 9 10; do $(BIN)/captools lab run all --strict -o .deep/$$run || exit 1; done
	$(BIN)/python -m tests.fuzz all --seconds $(FUZZ_SECONDS) --corpus .fuzz/corpus

clean:
	rm -rf $(VENV) .deep .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .fuzz demo
