# Everything a developer does here. `make` alone prints the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
GO ?= go
# Plugins must be static, for there is no library in their jail; what is the same for all is compiled once. Only the race detector needs C.
export CGO_ENABLED := 0
BUILDFLAGS ?=
TOOL := $(GO) tool -modfile=.tools/go.mod
UIS := admin-ui storefront
PLUGINS := $(notdir $(patsubst %/plugin.json,%,$(wildcard plugins/official/*/plugin.json)))

.PHONY: help demo build ui install test test-go test-ui test-browser check generate fmt bench image clean

help: ## print the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: install ui build ## install what is missing and run the whole product with demo data (Ctrl-C stops it all)
	exec bin/allhours dev --demo

install: ## install PostgreSQL, Redis, Chromium and Node.js where they are missing
	@.ci/install

build: ## build bin/allhours and the plugins in bin/plugins
	$(GO) build $(BUILDFLAGS) -o bin/ ./platform/cmd/allhours
	@for p in $(PLUGINS); do mkdir -p bin/plugins/$$p && \
	  $(GO) build $(BUILDFLAGS) -o bin/plugins/$$p/plugin ./plugins/official/$$p && \
	  bin/plugins/$$p/plugin manifest > bin/plugins/$$p/plugin.json; done

ui: $(UIS:%=%/dist/.built) ## build both user interfaces into the folders that the binary embeds

define UI
$(1)/dist/.built: $(1)/node_modules/.package-lock.json $$(shell find $(1) \( -name node_modules -o -name dist \) -prune -o -type f -print)
	cd $(1) && npm run --silent build
	touch $$@
$(1)/node_modules/.package-lock.json: $(1)/package-lock.json
	cd $(1) && npm ci --silent --no-audit --no-fund
	touch $$@
endef
$(foreach u,$(UIS),$(eval $(call UI,$(u))))

test: install ui build test-go test-ui test-browser ## every test: Go (race, shuffled, real servers), user interfaces, browser

test-go: ## Go tests only
	bin/allhours servers -- env CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 15m -json ./... | $(GO) run ./.ci/summary

test-ui: $(UIS:%=%/node_modules/.package-lock.json) ## unit tests of the user interfaces
	@for u in $(UIS); do (cd $$u && npm test --silent); done

test-browser: ui build ## browser tests in headless Chromium against a running demo
	.ci/browser

check: $(UIS:%=%/node_modules/.package-lock.json) ## format, vet, lint, import law, generated code, types: what a change must pass
	@test -z "$$($(TOOL) gofumpt -l $$(git ls-files '*.go' | grep -v '\.pb\.go$$'))" || { echo "not gofumpt-ed:"; $(TOOL) gofumpt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...
	$(GO) test -run 'TestImportLaw|TestGenerated' ./platform/app/
	.ci/generated
	@for u in $(UIS); do (cd $$u && npm run --silent check); done

generate: ## write generated code anew: protobuf, OpenAPI document, TypeScript types
	$(GO) generate ./...
	$(GO) run ./platform/cmd/allhours openapi > .api/openapi.json
	@for u in $(UIS); do (cd $$u && npm run --silent generate); done

fmt: ## format Go code
	$(TOOL) gofumpt -w $$(git ls-files '*.go' | grep -v '\.pb\.go$$')

bench: build ## measure the hot paths against the limit of the database, side by side
	$(GO) run ./bench

image: ui ## build the container image allhours:dev
	docker build -t allhours:dev .

clean: ## remove what was built (the demo's data in .data stay)
	rm -rf bin $(UIS:%=%/dist/assets)
