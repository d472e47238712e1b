# A newcomer needs two commands: `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test e2e check-aws examples lint fmt gen build release bench bench-aws bench-page clean

# Goes on to the program: make run ARGS="--listen 127.0.0.1:9000"; make bench ARGS="--bench fanout"; make e2e ARGS=keyboard
ARGS ?=

# What the page is built from, and what it is built to.
page := web/app/dist/index.html
page_sources := $(shell find web/app web/packages -type d \( -name node_modules -o -name "dist*" -o -name test \) -prune -o -type f -print)

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and run. Watches ComfyUI at COMFYUI_HOST:COMFYUI_PORT; while none is there, a demo plays
	@scripts/require rust cc
	@if scripts/require node; then $(MAKE) --no-print-directory $(page); else echo "Going on without the page." >&2; fi
	cargo run -- serve --demo-if-away $(ARGS)

test: $(page) ## Install what the tests need, and run all of them
	@scripts/require rust cc chromium aws
	scripts/fetch-editor-files
	@$(MAKE) --no-print-directory check-aws
	cd web && npm test --silent
	@$(MAKE) --no-print-directory examples
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4} cargo test --workspace --all-features --no-fail-fast $(ARGS)
	@$(MAKE) --no-print-directory e2e ARGS=

e2e: $(page) ## The tests of the page in a browser alone; ARGS names files
	@scripts/require rust cc chromium aws
	cargo build --workspace --all-features --bins --examples
	cd web/e2e && npm run e2e --silent -- $(ARGS)

check-aws: ## Hold the template of the deployment on AWS to the code and to AWS's rules, offline
	@scripts/require aws
	target/aws-tools/bin/python deploy/aws/check.py
	target/aws-tools/bin/python -m unittest discover --quiet --start-directory deploy/aws

examples: web/node_modules/.installed ## Build what shows others how to use the package
	cd web && npm run build --silent -w packages/react
	cd examples/plain-ts && npm ci --silent && npm run build --silent
	cd examples/nextjs && npm ci --silent && NEXT_TELEMETRY_DISABLED=1 npm run build --silent

lint: web/node_modules/.installed ## What a review should not have to say: formatting, clippy and types
	@scripts/require rust cc rustfmt clippy
	cd web && npm run check --silent
	cargo fmt --all --check
	cargo clippy --workspace --all-features --all-targets -- -D warnings
	@# Also what most people build.
	cargo clippy --workspace -- -D warnings
	@# And what stands beside a ComfyUI on a pod, and what Lambda runs.
	cargo clippy -p comfyui-monitor --no-default-features --features sidecar -- -D warnings
	cargo clippy -p comfyui-monitor --no-default-features --features lambda -- -D warnings

web/node_modules/.installed: web/package-lock.json
	@scripts/require node
	cd web && npm ci --silent
	@touch $@

$(page): web/node_modules/.installed $(page_sources)
	cd web/app && npm run build --silent

fmt: ## Format the code
	@scripts/require rust rustfmt
	cargo fmt --all

gen: ## Write again what is generated: in docs, deploy/aws, fixtures/frames and events, web/packages/react/src/types
	@scripts/require rust cc
	scripts/generate

build: $(page) ## The program as it is installed, with its page: target/release/comfyui-monitor
	@scripts/require rust cc
	cargo build --release

bench: ## Measure, what is shipped for AWS too; ARGS="--bench fanout" for one
	@scripts/require rust cc
	cargo bench --workspace $(or $(ARGS),--bench '*')
	@$(if $(ARGS),,$(MAKE) --no-print-directory bench-aws)

bench-aws: ## Measure what is shipped for AWS: sizes, cold start, memory. Builds four times, which takes long
	@scripts/require rust cc
	scripts/bench-aws $(ARGS)

release: ## The monitor as a sidecar and the functions on AWS, as small as can be: target/release-files
	scripts/release $(ARGS)

bench-page: $(page) ## Measure the page in a browser, 5 minutes under load; ARGS="--seconds 30" for less
	@scripts/require chromium
	cd web/e2e && npm run bench --silent -- $(ARGS)

clean: ## Remove what was built; nothing that was kept goes
	cargo clean
	rm -rf web/app/dist web/app/dist-static web/packages/*/dist web/node_modules
