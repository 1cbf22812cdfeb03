# Everything runs on the Node and the tools that package-lock.json pins.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help setup cluster-tools demo test e2e cluster images images-gpu verify lint format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-zA-Z0-9%_-]+:.*## / { sub(/%/, "NAME", $$1); printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	  etcd kube-apiserver kube-controller-manager kube-scheduler helm kubeconform versitygw >/dev/null; fi

# what it needs of Debian it installs; programs and images are built once, into the user's cache
e2e: setup ## the whole of it on a real one-node cluster on this machine (root)
	@node hack/cluster/packages.ts
	@node --disable-warning=ExperimentalWarning --experimental-vm-modules node_modules/jest/bin/jest.js \
	  --config jest.e2e.config.js $(ARGS)

cluster: setup ## a one-node cluster on this machine until Ctrl-C (root)
	@node hack/cluster/packages.ts
	@node hack/cluster/node.ts

images: setup ## the images of the operator and of the CPU trainer, as files (root)
	@node hack/cluster/packages.ts
	@node hack/cluster/images.ts

images-gpu: setup ## the image of the GPU trainer, as a file (root)
	@node hack/cluster/packages.ts
	@node hack/cluster/images.ts --gpu

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
