# `make demo` and `make test` set up all they need. `sam build` uses the build-* targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
VENV := .venv
SAM := $(VENV)/sam/bin/sam
PYTHON ?= python3

.PHONY: help demo test setup fmt clippy unit docs validate
help:
	@sed -n 's/^\([a-z-]*\):.*## /\1  /p' $(MAKEFILE_LIST)

demo: setup ## Deploys into the sandbox, breaks an application, and shows how it is healed (DEMO_ARGS=--json for machines)
	@echo "== building the sandbox and the functions (the first time compiles the AWS SDK, a few minutes)" >&2
	cargo build --locked -p sandbox -p cli -p replace-instance -p reconcile -p notify
	@target/debug/sandbox demo $(DEMO_ARGS)

test: setup fmt clippy unit docs validate ## Every check

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --locked --workspace --all-targets -- -D warnings

unit: ## Unit tests, the scenario in virtual time, and the story in the sandbox
	cargo build --locked --workspace
	cargo test --locked --workspace

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

validate: $(VENV)/sam/done
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml

# Python tools, pinned with hashes. Two environments, since MiniStack and the SAM CLI want different versions of botocore.
setup: $(VENV)/sam/done $(VENV)/ministack/done ## Installs the pinned Python tools into .venv

$(VENV)/%/done: tests/sandbox/requirements/%.txt
	@echo "== installing $* into $(VENV)/$*" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed")'
	$(PYTHON) -m venv $(VENV)/$*
	@# The lists are complete, so nothing but them is installed.
	$(VENV)/$*/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --requirement $<
	@$(VENV)/$*/bin/python -m pip check
	@touch $@

# What `sam build` calls. HOMEOSTAT_PROFILE and HOMEOSTAT_POLICY let the sandbox deploy its own build and policy.
HOMEOSTAT_PROFILE ?= release
HOMEOSTAT_POLICY ?= policy.toml
BUILT := target/$(if $(filter dev,$(HOMEOSTAT_PROFILE)),debug,$(HOMEOSTAT_PROFILE))

define function
cargo run --quiet --locked -p cli --bin homeostat -- policy check $(HOMEOSTAT_POLICY) >&2
cargo build --locked --profile $(HOMEOSTAT_PROFILE) -p $(1) >&2
@readelf -h $(BUILT)/$(1) | grep -q 'Machine:.*X86-64' || { echo "$(1) is not built for x86_64, which template.yaml names" >&2; exit 1; }
@! objdump -T $(BUILT)/$(1) | grep -E 'GLIBC_2\.(3[5-9]|[4-9][0-9])' || { echo "$(1) needs a newer C library than Lambda's Amazon Linux 2023 has (2.34): build it on an older system" >&2; exit 1; }
cp $(BUILT)/$(1) $(ARTIFACTS_DIR)/bootstrap
cp $(HOMEOSTAT_POLICY) $(ARTIFACTS_DIR)/policy.toml
endef

build-ReplaceInstance:
	$(call function,replace-instance)
build-Reconcile:
	$(call function,reconcile)
build-Notify:
	$(call function,notify)
