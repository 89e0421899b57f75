# `make demo` and `make test` set up all they need. `sam build` uses the build-* targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
VENV := .venv
SAM := $(VENV)/sam/bin/sam
PYTHON ?= python3
# What is packaged is what was just built, wherever the user's own settings would have put it.
export CARGO_TARGET_DIR := $(CURDIR)/target
unexport CARGO_BUILD_TARGET

.PHONY: help demo test bench fuzz simulate storm setup functions fmt clippy unit rights docs validate supply-chain sam-local sam-local-where-docker
help:
	@sed -n 's/^\([a-z-]*\):.*## /\1  /p' $(MAKEFILE_LIST)

demo: setup functions ## Deploys into the sandbox, breaks an application, and shows how it is healed (DEMO_ARGS=--json for machines)
	@target/debug/sandbox demo $(DEMO_ARGS)

test: setup fmt clippy unit docs validate supply-chain sam-local-where-docker ## Every check (HOMEOSTAT_NEEDS_ADVISORIES=1: none may be left out)
	@echo "make test: passed; $$(cat $(ADVISORIES))" >&2

# The bare bootstrap and `decide` without the bench itself, which would have the sandbox built for release too. The other functions are
# measured by their size alone, if they are built: EC2's client alone takes minutes.
BENCHED := $(if $(BENCH_ALL),$(notdir $(wildcard functions/*)),shift-dns)

bench: setup functions ## Measures a cold start, sizes and decisions (BENCH_ARGS=--json for machines, BENCH_ALL=1 for all sizes)
	@cargo build --locked --release $(BENCHED:%=-p %) >&2
	@cargo build --locked --release -p bench --no-default-features --features decide --bin bare --bin decide >&2
	@target/debug/bench $(BENCH_ARGS)

FUZZ_SECONDS ?= 3600

fuzz: ## Fuzzes the parsers of events and of policies (FUZZ_SECONDS=3600 each)
	@fuzz/run.sh $(FUZZ_SECONDS)

# What a story of the simulators costs is virtual time: no sandbox, and a few milliseconds each.
PLAY ?= all
SEEDS ?= 3000
MINUTES ?=
PAIRS ?=
FROM ?=
AT_LEAST ?=

# Freed memory is kept for the next history: returning it to the kernel in between costs 6 % of the time.
simulate: ## Tells made-up histories on all cores (SEEDS=3000 of each play or MINUTES=45, PAIRS=2000 with Homeostat and with nobody, PLAY=fleet|dns|hooks|all, FROM=seed, AT_LEAST=100, SIMULATE_ARGS=--json)
	@cargo build --locked --workspace --bin simulate >&2
	@MIMALLOC_PURGE_DELAY=-1 target/debug/simulate --play $(PLAY) $(if $(PAIRS),--pairs $(PAIRS),$(if $(MINUTES),--minutes $(MINUTES),--seeds $(SEEDS))) $(FROM:%=--from %) $(AT_LEAST:%=--at-least %) $(SIMULATE_ARGS)

# Scenes that stand in the results already are left out: a run that was ended goes on. After a change, remove the file.
STORM_OUT ?= target/storm.jsonl

storm: ## Measures storms under AWS's rates, in virtual time; goes on where it was ended (STORM_OUT=target/storm.jsonl, STORM_ARGS="--scene NAME --json")
	@cargo build --locked --workspace --bin storm >&2
	@target/debug/storm --out $(STORM_OUT) $(STORM_ARGS)

# The very commands that `sam build` will run, ahead of it, since it hides their progress.
functions:
	@echo "== building the functions and the sandbox (the first time compiles the AWS SDK: a few minutes)" >&2
	@cargo build --locked --workspace --bins >&2

fmt:
	cargo fmt --all --check

# The parts of the benchmark that are built without the rest: in the whole workspace, others lend them their features.
clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked -p bench --no-default-features --features decide --bin bare --bin decide -- -D warnings

# The stories leave word there of the rights that they needed. Emptied first: an earlier run proves nothing of this one.
RIGHTS := $(CURDIR)/target/rights

# One more than there are cores: the stories in the sandbox wait, most of their time, for what passes there in real time.
TEST_THREADS := $(shell echo $$(($$(nproc) + 1)))

unit: functions ## Unit tests, the scenarios in virtual time, and the stories in the sandbox
	@rm -rf $(RIGHTS)
	HOMEOSTAT_RIGHTS=$(RIGHTS) cargo test --locked --workspace -- --test-threads $(TEST_THREADS)
	@target/debug/sandbox rights $(RIGHTS)

rights: functions ## Plays the stories alone, and writes docs/RIGHTS.md
	@rm -rf $(RIGHTS)
	HOMEOSTAT_RIGHTS=$(RIGHTS) cargo test --locked --workspace --test stories
	@target/debug/sandbox rights $(RIGHTS) --write

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

sam-local: setup functions ## Runs `sam local invoke` for each file of events/, in Docker (SAM_LOCAL_ARGS=--json for machines)
	@target/debug/sandbox sam-local $(SAM_LOCAL_ARGS)

# It ends with 3 where Docker isn't there. That is no failure, unless HOMEOSTAT_NEEDS_DOCKER says so, as .ci/run does.
sam-local-where-docker: setup functions
	@target/debug/sandbox sam-local || { code=$$?; [ $$code = 3 ] && [ -z "$${HOMEOSTAT_NEEDS_DOCKER:-}" ] || exit $$code; }

# On the template as it is, and on what CloudFormation makes of it. Exceptions stand in template.yaml, each with its reason.
validate: $(VENV)/sam/done $(VENV)/checkov/done ## Lints the template: sam validate --lint, cfn-lint, checkov
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml
	@mkdir -p target
	@AWS_DEFAULT_REGION=us-east-1 $(VENV)/sam/bin/python build/transformed.py template.yaml >target/transformed.json
	$(VENV)/sam/bin/cfn-lint template.yaml target/transformed.json
	$(VENV)/checkov/bin/checkov --skip-download --quiet --compact --framework cloudformation --file template.yaml target/transformed.json

DENY_VERSION := 0.20.2
DENY := $(VENV)/cargo-deny/bin/cargo-deny --locked
# Where the database of advisories can't be fetched, they alone are left out, and the last line of `make test` says so. With this set,
# that is a failure.
HOMEOSTAT_NEEDS_ADVISORIES ?=
ADVISORIES := target/advisories

supply-chain: $(VENV)/cargo-deny/$(DENY_VERSION) ## Holds Cargo.lock against deny.toml
	$(DENY) check --hide-inclusion-graph bans licenses sources
	@mkdir -p target && echo "advisories: NOT checked" >$(ADVISORIES)
	@if $(DENY) fetch db >&2; then echo '$(DENY) check --hide-inclusion-graph advisories' && $(DENY) check --hide-inclusion-graph advisories && \
	echo "advisories: checked" >$(ADVISORIES); \
	else echo "advisories: NOT checked, since their database can't be fetched (HOMEOSTAT_NEEDS_ADVISORIES=1 makes this a failure)" >$(ADVISORIES); \
	echo "supply-chain: $$(cat $(ADVISORIES))" >&2; test -z "$(HOMEOSTAT_NEEDS_ADVISORIES)"; fi

# Python tools, pinned with hashes. Three environments, since MiniStack, the SAM CLI and checkov want different versions of botocore.
setup: $(VENV)/sam/done $(VENV)/ministack/done ## Installs the pinned Python tools into .venv

$(VENV)/%/done: tests/sandbox/requirements/%.txt
	@echo "== installing $* into $(VENV)/$*" >&2
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >&2 || { echo "Python 3.10 or newer with venv is needed, and $(PYTHON) is not: install it (Debian: python3-venv), or set PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)/$* >&2
	@# The lists are complete, so nothing but them is installed.
	@$(VENV)/$*/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --requirement $< >&2
	@$(VENV)/$*/bin/python -m pip check >&2
	@touch $@

# Of the registry, pinned by its version and its own lock. Unoptimized, since it has little to do.
$(VENV)/cargo-deny/$(DENY_VERSION):
	@echo "== building cargo-deny (a few minutes)" >&2
	@CARGO_TARGET_DIR=$(CURDIR)/target/cargo-deny cargo install --quiet --locked --debug --version $(DENY_VERSION) --root $(VENV)/cargo-deny cargo-deny >&2
	@rm -rf target/cargo-deny
	@touch $@

# What `sam build` calls, by build/<architecture>/Makefile, which says for which. HOMEOSTAT_PROFILE and HOMEOSTAT_POLICY let the
# sandbox deploy its own build and policy.
HOMEOSTAT_PROFILE ?= release
HOMEOSTAT_POLICY ?= policy.toml

ifdef ARCHITECTURE
# What rustc, readelf and the names of C compilers call it.
TARGET := $(or $(and $(filter arm64,$(ARCHITECTURE)),aarch64),$(ARCHITECTURE))-unknown-linux-gnu
MACHINE := $(if $(filter arm64,$(ARCHITECTURE)),AArch64,X86-64)
CROSS := $(subst -unknown,,$(TARGET))
# Built for this very machine, it lies where every other build of it does.
ifneq ($(TARGET),$(shell rustc --version --verbose | sed -n 's/^host: //p'))
target := --target $(TARGET)
IN_TARGET := $(TARGET)/
export CARGO_TARGET_$(shell tr a-z- A-Z_ <<<$(TARGET))_LINKER ?= $(CROSS)-gcc
export CC_$(subst -,_,$(TARGET)) ?= $(CROSS)-gcc
CAN_BUILD = { test -d "$$(rustc --print sysroot)/lib/rustlib/$(TARGET)/lib" && command -v $(CROSS)-gcc >/dev/null; } || { echo "this machine is not $(ARCHITECTURE), and lacks what it takes to build for it: \`rustup target add $(TARGET)\` and $(CROSS)-gcc (Debian: apt-get install gcc-$(subst _,-,$(CROSS))); or name the machine's own Architecture in samconfig.toml" >&2; exit 1; }
endif
endif

CAN_BUILD ?= { test -n "$(ARCHITECTURE)" || { echo "sam build calls this, from build/<architecture>; by hand: make --makefile build/arm64/Makefile $@" >&2; exit 1; }; }
BUILT := target/$(IN_TARGET)$(patsubst dev,debug,$(HOMEOSTAT_PROFILE))
ifeq ($(HOMEOSTAT_PROFILE),dev)
# All at once, with the features that the tests are built with: else cargo would compile the AWS SDK a second time.
build = cargo build --locked --workspace --bins $(target)
CHECK_POLICY := cargo build --quiet --locked --workspace --bins && target/debug/homeostat policy check
else
build = cargo build --locked --profile $(HOMEOSTAT_PROFILE) $(target) -p $(1)
# Of the operator's command, this takes only what needs no SDK: a few seconds instead of minutes.
CHECK_POLICY := cargo run --quiet --locked -p cli --no-default-features --bin homeostat -- policy check
endif

define function
@$(CAN_BUILD)
$(CHECK_POLICY) $(HOMEOSTAT_POLICY) >&2
$(build) >&2
@command -v readelf >/dev/null || { echo "readelf is missing, which checks the binary: install binutils" >&2; exit 1; }
@readelf --file-header $(BUILT)/$(1) | grep -q 'Machine:.*$(MACHINE)' || { echo "$(1) is not built for $(ARCHITECTURE), which template.yaml deploys" >&2; exit 1; }
@needs=$$(readelf --wide --version-info $(BUILT)/$(1)); ! grep -oE 'GLIBC_2\.(3[5-9]|[4-9][0-9])' <<<"$$needs" >&2 || { echo "$(1) needs a newer C library than Lambda's Amazon Linux 2023 has (2.34): build it on an older system" >&2; exit 1; }
cp $(BUILT)/$(1) $(ARTIFACTS_DIR)/bootstrap
cp $(HOMEOSTAT_POLICY) $(ARTIFACTS_DIR)/policy.toml
endef

build-ReplaceInstance:
	$(call function,replace-instance)
build-ShiftDns:
	$(call function,shift-dns)
build-LifecycleHook:
	$(call function,lifecycle-hook)
build-Sweep:
	$(call function,sweep)
build-Notify:
	$(call function,notify)
