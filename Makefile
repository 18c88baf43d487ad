# captools: every target sets up what it needs by itself.
#   make demo    the main job, end to end, on a lab of real network namespaces
#   make test    everything that CI runs, lab included
#   make check   format, lint, types, imports, fast tests (under a minute)
#   make bench   speed against tshark and the floor
#   make deep    long fuzz and property tests
#   make clean   remove the virtual environment and caches

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# command:package pairs that Debian provides; only missing ones are installed, and only as root.
TOOLS := tcpdump:tcpdump ngrep:ngrep tshark:tshark ip:iproute2 nft:nftables wg:wireguard-tools \
	wireguard-go:wireguard-go sshd:openssh-server ssh:openssh-client curl:curl arping:arping \
	ethtool:ethtool zstd:zstd tmux:tmux sudo:sudo unshare:util-linux ps:procps

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
	$(BIN)/python -m pytest

check: static fast

static: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fast: setup
	$(BIN)/python -m pytest -q -m "not lab and not slow"

bench: setup
	$(BIN)/python -m tests.bench.run

deep: setup
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -q -m "not lab" tests

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo
