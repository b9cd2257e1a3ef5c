# Every word here is one script in scripts/ or one npm script: the same commands in CI.
.DEFAULT_GOAL := help
.PHONY: help image up demo attach down test quick fuzz check fix docs bench chaos reproduce release

help: ## list these words
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

image: ## build the image cloister:dev, and the engine under it where there is none
	@scripts/image

up: ## run the box with your secrets, from the environment or .env
	@scripts/up

demo: ## run the box with no account, beside a small fake internet
	@scripts/demo

attach: ## join the session of the running box
	@scripts/attach

down: ## stop what up or demo started
	@scripts/down

test: ## run every test: units, boot contract, the real image and attacks on it
	@scripts/test

quick: ## what to run before each commit: lint, types, units, boot contract; three minutes, no engine
	@scripts/quick

fuzz: ## try the parsers of hostile bytes with a million inputs
	@scripts/fuzz

check: ## lint everything, check formatting and types
	@scripts/node && npm run --silent check && scripts/lint

fix: ## lint and format, writing what can be repaired
	@scripts/node && npm run --silent fix && npm run --silent docs

docs: ## write the tables that code knows into the documents
	@scripts/node && npm run --silent docs

bench: ## measure, and write bench/results.json
	@scripts/bench

chaos: ## do faults at random to a real box for some minutes: SEED=, SEEDS=, MINUTES=
	@scripts/chaos

reproduce: ## build the image twice from nothing and compare file by file
	@scripts/reproduce

release: ## one step of a release: STEP=check, pin, push, scan, rescan, merge, sign or verify
	@scripts/release $(STEP)
