# The two commands are `make run` and `make test`; `make help` lists the rest.
# Arguments go in ARGS: make run ARGS="--port 9000", make test ARGS="tests/billing -x".

export PYTHONPATH := .:platform
ARGS ?=
PYTHON := .venv/bin/python
BOOTSTRAP := python3 scripts/bootstrap.py
COMPILE = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11
CLIENT_LOCKS := $(patsubst %.in,%.txt,$(wildcard tests/clients/locks/*.in))

.DEFAULT_GOAL := help
.PHONY: help run test conformance schema faults failpoints hostile ledger payments outages chaos soak production pages bench bench-quick mutation docs site picture pictures check lint types imports migrations advisories licences sbom format lock audit clean install

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Tollway with its engines and the demo, and print where to go
	@$(BOOTSTRAP) run $(ARGS)

test: ## run every test on engines of its own (ARGS="-m 'not chaos'" leaves the slow ones out)
	@$(BOOTSTRAP) test $(ARGS)

conformance: install ## published clients against the gateway, as a table (ARGS="--only openai-python", --json, --write FILE)
	@$(PYTHON) -m tests.clients.conformance $(ARGS)

# EXAMPLES is how many cases each operation gets besides those for its edges: 400 make some 20,000 requests.
schema: ## Schemathesis over both OpenAPI documents, 20,000 requests, into docs/schema-campaign.md (EXAMPLES=400)
	@EXAMPLES=$(or $(EXAMPLES),400) $(BOOTSTRAP) test -q tests/schema/campaign.py $(ARGS)

# REPEAT is how often each case is played, whole and streamed, at the first of two hops and at the only one.
faults: ## every fault of an upstream, 10,000 trials, into docs/faults-campaign.md (REPEAT=20)
	@REPEAT=$(or $(REPEAT),20) $(BOOTSTRAP) test -q tests/upstreams/campaign.py $(ARGS)

hostile: ## callers and upstreams that would hold or fill the gateway, some 15 minutes, into docs/hostile-peers.md (SECONDS=60 STREAMS=10000)
	@SECONDS_OF_SIEGE=$(or $(SECONDS),60) STREAMS=$(or $(STREAMS),10000) $(BOOTSTRAP) test -q tests/hostile/campaign.py $(ARGS)

failpoints: ## every boundary between statements, killed and cut off there 5 times each, into docs/failpoints.md (REPEAT=5)
	@REPEAT=$(or $(REPEAT),5) $(BOOTSTRAP) test -q tests/failpoints/campaign.py $(ARGS)

# The long runs of what the suite plays briefly.
ledger: ## the ledger against its model, 10,000 runs of 50 steps (RUNS=10000)
	@LEDGER_RUNS=$(or $(RUNS),10000) $(BOOTSTRAP) test -q tests/billing/test_ledger_machine.py $(ARGS)

payments: ## 2,000 card payments in chaos and 5,000 forged events (PAYMENTS=2000 FORGERIES=5000)
	@TOLLWAY_CHAOS_PAYMENTS=$(or $(PAYMENTS),2000) TOLLWAY_CHAOS_FORGERIES=$(or $(FORGERIES),5000) $(BOOTSTRAP) test -q tests/billing/payments/test_chaos.py $(ARGS)

# SECONDS is how long Redis is away (PostgreSQL half as long), REQUESTS how many are offered at the caps.
outages: ## Redis, PostgreSQL, broker and processes away under load, into docs/outages-campaign.md (SECONDS=60 REQUESTS=50000 STREAMS=50)
	@SECONDS=$(or $(SECONDS),60) REQUESTS=$(or $(REQUESTS),50000) STREAMS=$(or $(STREAMS),50) $(BOOTSTRAP) test -q tests/chaos/outages_campaign.py tests/chaos/broker_campaign.py $(ARGS)

# One seed makes the load and the plan of the kills.
chaos: install ## every part killed under load, 40 kills over 6,000 requests, three witnesses compared (ARGS="--kills 10 --seed 2")
	@$(PYTHON) -m bench.chaos --requests 6000 --kills 40 --minutes 14 $(ARGS)

soak: install ## the same with 60 kills over 20,000 requests, into docs/chaos.md
	@$(PYTHON) -m bench.chaos --requests 20000 --kills 60 --minutes 30 --write docs/chaos.md $(ARGS)

production: install ## a deployed site under load while every part is restarted, into docs/production-run.md (MINUTES=30 SEED=1; needs Caddy 2.11)
	@$(PYTHON) -m bench.production --minutes $(or $(MINUTES),30) --seed $(or $(SEED),1) --write docs/production-run.md $(ARGS)

pages: install ## how long operators' and customers' pages take beside 10 million requests, into docs/page-speed.md (ARGS="--only /dashboard/logs")
	@$(PYTHON) -m bench.pages --write docs/page-speed.md $(ARGS)

# Peers are installed below .tollway/bench the first time. Run it on a machine that does nothing else.
bench: install ## one worker beside LiteLLM, Portkey and a bare relay, 8 minutes of load besides starting, into docs/performance.md (ARGS="--events 10000000")
	@$(PYTHON) -m bench.speed --write docs/performance.md $(ARGS)

bench-quick: install ## the same in one short round without peers, a minute and a half of load, printed only
	@$(PYTHON) -m bench.speed --quick $(ARGS)

# What runs for minutes, and the sandbox of payments over TCP, would be played for every mutant that survives.
LONG := $(addprefix tests/billing/,payments/test_tcp.py payments/test_chaos.py test_overdraw.py test_ledger_machine.py test_conservation_property.py)

mutation: ## mutants of the money's code against its tests, hours of it, into docs/mutation.md (ARGS="--mutate billing/ledger.py tests/billing/test_ledger.py")
	@$(BOOTSTRAP) test -q -p no:cacheprovider -p tests.mutation.plugin $(or $(ARGS),$(addprefix --ignore=,$(LONG)) tests/billing tests/catalog/test_pricing.py)

docs: install ## write docs/api.md and docs/settings.md from the code
	@$(PYTHON) manage.py api_page --write docs/api.md
	@$(PYTHON) manage.py settings --write docs/settings.md

# In an environment of its own: nothing that Tollway runs or is tested with needs what draws this site.
site: install ## the documents as a site with a search, into build/docs; a link to nowhere fails it
	@.venv/bin/uv venv --quiet --allow-existing --python $(PYTHON) .tollway/site
	@.venv/bin/uv pip sync --quiet --system-certs --require-hashes --python .tollway/site/bin/python requirements-docs.txt
	@NO_MKDOCS_2_WARNING=1 .tollway/site/bin/mkdocs build --strict --quiet

# SUITE=done leaves the tests out; it is for CI, which has just run `make test` on the same files.
check: lint types imports migrations advisories $(if $(filter done,$(SUITE)),,test) ## what must pass before a merge: format, lint, types, imports, migrations, advisories, tests

lint: install ## formatting and lint
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: install ## strict types
	$(PYTHON) -m mypy .

imports: install ## who may import whom
	.venv/bin/lint-imports

migrations: install ## models and migrations agree
	$(PYTHON) manage.py makemigrations --check --dry-run

# The list of known holes is asked over the network; where it cannot be reached that is said, and nothing fails.
advisories: install ## what is known of holes in what the locks pin, skipped with a reason offline
	@$(PYTHON) scripts/supply.py advisories

licences: install ## write docs/licences.md from the locks
	@$(PYTHON) scripts/supply.py licences > docs/licences.md

sbom: install ## a bill of materials of what runs in production, CycloneDX 1.6 (OUT=build/sbom.json)
	@mkdir -p $(dir $(or $(OUT),build/sbom.json))
	@$(PYTHON) scripts/supply.py sbom > $(or $(OUT),build/sbom.json)

format: install ## format and mend what ruff can mend
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lock: install ## resolve pyproject.toml and the clients of the conformance run into their lock files, keeping pins that still fit (ARGS=--upgrade renews them)
	$(COMPILE) pyproject.toml $(ARGS) -o requirements.txt
	$(COMPILE) pyproject.toml $(ARGS) --all-extras --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) pyproject.toml $(ARGS) --all-extras -c requirements-dev.txt -o requirements-extras.txt
	$(COMPILE) --group docs $(ARGS) -c requirements-dev.txt -o requirements-docs.txt
	@for lock in $(CLIENT_LOCKS); do $(COMPILE) $${lock%.txt}.in $(ARGS) -o $$lock || exit 1; done

audit: install ## prove the invariants of money and limits on the database in use
	$(PYTHON) manage.py audit $(ARGS)

picture: ## take the README's picture of the dashboard anew (needs Chromium)
	@$(BOOTSTRAP) test -q tests/browser/picture.py

pictures: install ## a picture of every page, light and dark, into a folder (OUT=build/pictures ARGS="--only plan"; needs Chromium)
	@$(PYTHON) -m tests.browser.pictures $(or $(OUT),build/pictures) $(ARGS)

clean: ## stop Tollway and delete its local data, root's under /var/lib/tollway too
	@if [ -x $(PYTHON) ]; then $(PYTHON) manage.py down && $(PYTHON) -m kernel.engines clean; fi
	rm -rf .tollway staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

install:
	@$(BOOTSTRAP) install --dev
