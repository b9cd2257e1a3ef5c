# Every word here is one script in engine/ or one npm script: the same commands in CI.
.DEFAULT_GOAL := help
.PHONY: help image up demo attach down test fuzz check fix docs bench reproduce release

help: ## list these words
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

image: ## build the image cloister:dev, and the engine under it where there is none
	@engine/image

up: ## run the box with your secrets, from the environment or .env
	@engine/up

demo: ## run the box with no account, beside a small fake internet
	@engine/demo

attach: ## join the session of the running box
	@engine/attach

down: ## stop what up or demo started
	@engine/down

test: ## run every test: units, boot contract, the real image and attacks on it
	@engine/test

fuzz: ## try the parsers of hostile bytes with a million inputs
	@engine/fuzz

check: ## lint everything, check formatting and types
	@engine/node && npm run --silent check && engine/lint

fix: ## lint and format, writing what can be repaired
	@engine/node && npm run --silent fix && npm run --silent docs

docs: ## write the tables that code knows into the documents
	@engine/node && npm run --silent docs

bench: ## measure, and write bench/results.json
	@engine/bench

reproduce: ## build the image twice from nothing and compare file by file
	@engine/reproduce

release: ## one step of a release: STEP=check, pin, push, scan, rescan, merge, sign or verify
	@engine/release $(STEP)
