# A newcomer needs two commands: `make run` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test lint fmt gen bench clean

# Goes on to the program: make run ARGS="--listen 127.0.0.1:9000"; make bench ARGS="--bench fanout"
ARGS ?=

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build and run. Watches ComfyUI at COMFYUI_HOST:COMFYUI_PORT; while none is there, a demo plays
	@scripts/require rust cc
	cargo run -- serve --demo-if-away $(ARGS)

test: web/node_modules/.installed ## Install what the tests need, and run all of them
	@scripts/require rust cc
	scripts/fetch-editor-files
	cd web && npm test --silent
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4} cargo test --workspace --no-fail-fast $(ARGS)

lint: web/node_modules/.installed ## What a review should not have to say: formatting, clippy and types
	@scripts/require rust cc rustfmt clippy
	cd web && npm run check --silent
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

web/node_modules/.installed: web/package-lock.json
	@scripts/require node
	cd web && npm ci --silent
	@touch $@

fmt: ## Format the code
	@scripts/require rust rustfmt
	cargo fmt --all

gen: ## Write again what is generated: in docs, web/packages/react/src/types and fixtures/frames
	@scripts/require rust cc
	scripts/generate

bench: ## Measure
	@scripts/require rust cc
	cargo bench --workspace $(or $(ARGS),--bench '*')

clean: ## Remove what was built; nothing that was kept goes
	cargo clean
