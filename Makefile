# Everything runs on the Node and the tools that package-lock.json pins.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help setup cluster-tools demo test verify lint format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-zA-Z%_-]+:.*## / { sub(/%/, "NAME", $$1); printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## npm packages, Node 24 and native TensorFlow (NASOA_TENSORFLOW=gpu for the GPU flavour)
	@hack/setup.sh

demo: setup ## fine-tune a classifier on real images within two minutes
	@node hack/demo.ts

# Node's note that ES modules in jest's sandbox are experimental says nothing new on every run
test: setup cluster-tools ## all tests (ARGS=test/nas for some of them)
	@node --disable-warning=ExperimentalWarning --experimental-vm-modules node_modules/jest/bin/jest.js $(ARGS) \
	  --reporters=default --reporters=./test/support/count-reporter.js

# once, in the user's cache; NASOA_KUBE_BIN names a folder of ready-made ones
cluster-tools: setup
	@if command -v go >/dev/null || [ -n "$$NASOA_KUBE_BIN" ]; then node hack/cluster/binaries.ts \
	  etcd kube-apiserver kube-controller-manager kube-scheduler helm kubeconform >/dev/null; fi

verify: setup ## lint, format, types, and whether generated parts are stale
	@biome ci --error-on-warnings
	@tsc -p tsconfig.json
	@node hack/readme-tables.ts --check
	@node hack/generate-api.ts --check

lint: setup ## lint and types
	@biome lint --error-on-warnings
	@tsc -p tsconfig.json

format: setup ## format, sort imports and mend what can be mended safely
	@biome check --write

bench-%: setup ## one benchmark of bench/, for instance make bench-step; writes bench/results/
	@test -f bench/$*/main.ts || { echo "error: there is no benchmark $*. There are: $$(ls bench | grep -v results | xargs)" >&2; exit 1; }
	@node bench/$*/main.ts $(ARGS)

clean: ## remove what was built here (not the cache in the home directory)
	rm -rf out coverage
