# The two commands are `make book` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help book serve lab test lint format unit nbval refute site-test notebooks models figures links \
	data new student zip test-colab repository audit matrix labs mutation clean env-book env-test \
	env-lab env-audit env-mutation
SHELL := /bin/sh
BIN := .venv/bin
# Several processes share the cores, so that each computes on one thread.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
# An option for pytest: where to count what a target tested. `make test` sets it.
REPORT :=

# The first interpreter of a supported version; PYTHON=... comes before all others.
CANDIDATES := $(PYTHON) python3 python3.13 python3.12 python3.11 python
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
define bootstrap
	@for p in $(CANDIDATES); do \
	  if $$p -c '$(SUPPORTED)' >/dev/null 2>&1; then exec $$p tools/bootstrap.py $(1); fi; \
	done; \
	echo "make: no Python 3.11, 3.12 or 3.13 was found; install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; \
	exit 1
endef

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

env-book:
	$(call bootstrap,book)

env-test:
	$(call bootstrap,test)

env-lab:
	$(call bootstrap,lab)

env-mutation:
	$(call bootstrap,mutation)

env-audit:
	$(call bootstrap,audit)

book: env-book ## build the site and say where to open it (needs no torch)
	@$(BIN)/python -m tools.site.build

serve: book ## serve the site on this machine
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

zip: book ## pack the built site as one file for offline readers
	@$(BIN)/python -m tools.site.build zip

lab: env-lab ## open the notebooks in JupyterLab
	@$(BIN)/jupyter trust book/*.ipynb >/dev/null  # so that stored figures move at once
	@$(BIN)/jupyter lab --notebook-dir=book

test: env-test ## run everything: data, lint, unit, nbval, refute, site in a browser
	@$(BIN)/python tools/checks/phases.py data lint unit nbval refute site-test

data: env-test ## fetch MNIST into the user's cache (55 MB); needs a network, once
	@$(BIN)/python -m lecture_code._mnist

lint: env-test ## check style, imports, spelling and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/codespell
	@$(BIN)/mypy

format: env-test ## format the code, notebooks included
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

unit: env-test # unit and structure tests
	@$(BIN)/pytest tests --ignore=tests/site --ignore=tests/book/test_refutations.py -n 2 --dist worksteal $(REPORT)

nbval: env-test # run every notebook anew and compare with what is stored
	@# the last chapters take longest, and so go first
	@TQDM_DISABLE=1 $(BIN)/pytest --nbval --nbval-current-env --nbval-cell-timeout=120 \
	  -n 2 --dist loadscope --no-loadscope-reorder $(REPORT) $$(ls -r book/*.ipynb)

refute: env-test # see that every claim fails where a change makes it false
	@$(BIN)/pytest tests/book/test_refutations.py -n 2 --dist worksteal $(REPORT)

site-test: env-test # build the site and look at every page in a real browser
	@$(BIN)/python -m tools.site.build
	@$(BIN)/pytest tests/site -n 2 --dist loadscope $(REPORT)

notebooks: env-test ## execute every notebook in a fresh kernel and store the outputs
	@$(BIN)/python -m tools.chapters.notebooks store $(NAMES)

links: env-book # ask other sites whether our links to them still lead somewhere
	@$(BIN)/python -m tools.site.build links

models: env-test ## train what is stored in lecture_code/trained
	@$(BIN)/python -m lecture_code.recipes

figures: env-test # draw the pictures under book/images
	@$(BIN)/python book/images/draw.py

new: env-test ## write a chapter that passes its tests: make new NAME=19-topic
	@$(BIN)/python -m tools.chapters.new "$(NAME)"

student: env-book ## write the student notebooks (solutions replaced by stubs)
	@$(BIN)/python -m tools.chapters.notebooks student _student

test-colab: env-test # run the notebooks under the versions of Colab
	@$(BIN)/python -m tools.checks.colab

matrix: env-test # run the strict test as on other processors: make matrix [NAMES=...]
	@$(BIN)/python -m tools.checks.matrix $(NAMES)

labs: env-test # try every lab on ten seeds, and as on other processors
	@$(BIN)/python -m tools.checks.labs

mutation: env-mutation # change a module's mathematics and see what notices: MODULE=divergences
	@$(BIN)/mutmut run --max-children 2 "lecture_code.$(MODULE)*"
	@$(BIN)/mutmut results

audit: env-audit # look for known weaknesses in what is installed and in the workflows
	@$(BIN)/zizmor --offline .github/workflows
	@$(BIN)/pip-audit --strict --disable-pip --no-deps -r constraints.txt

repository: env-book # set the address everywhere: make repository [URL=https://...] [TAG=v...]
	@$(BIN)/python -m tools.chapters.repository "$(URL)" "$(TAG)"

clean: # remove everything that was built
	@rm -rf _build _vendor _student node_modules .venv .venv-colab build dist *.egg-info \
	  .pytest_cache .ruff_cache .mypy_cache .hypothesis mutants
