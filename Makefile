# What a person types; `make help` lists it. Each target sets up what it needs.
.DELETE_ON_ERROR:
.PHONY: help demo estimate test check docs bench gpu-travels gpu release format reference slurm-profile lock clean remove-results
.DEFAULT_GOAL := help

PYTHON ?= python3.11
# Which file of config/ the demo runs, and its folder in results/. The crystals of `demo` are then told
# apart by their reflections as well.
DEMO ?= demo
demos = $(DEMO) $(if $(filter demo,$(DEMO)),demo_reflections)
examples = $(addprefix src/spacegrouper/prediction/examples/,rock_salt.cif quartz.cif diamond.cif)
environment := .venv/installed
# The workflow and its jobs find the environment's programs first.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Nothing here needs a network once the environment is installed.
export PYTHONNOUSERSITE := 1

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

demo: $(environment) ## run the whole pipeline on 480 crystals, and name those that everybody knows
	@mkdir -p results
	@# The lock of flock ends with its process, even a killed one, and leaves no file; Snakemake's own
	@# would stay.
	@flock --nonblock --close --conflict-exit-code 75 workflow/Snakefile \
	  sh -ec 'for name in $(demos); do \
	    snakemake --profile cluster/local --configfile config/$$name.yaml --nolock \
	      --report results/$$name/report.html --report-after-run; \
	  done; python scripts/predict.py $(examples)'; \
	status=$$?; \
	if [ $$status -eq 75 ]; then echo "error: another 'make demo' is running here; wait for it" >&2; fi; \
	if [ $$status -eq 0 ]; then \
	  for name in $(demos); do echo "Open results/$$name/report/index.html"; done; \
	fi; \
	exit $$status

estimate: $(environment) ## how long and how large the demo, or CONFIG=config/own.yaml, will be here
	python scripts/estimate.py --config $(or $(CONFIG),config/$(DEMO).yaml)

test: $(environment) ## run the tests; with CI=true the proofs that take minutes as well
	@# The tests of a file in one process, which makes their fixtures once.
	pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile $(if $(CI),,-m "not slow")

check: $(environment) ## check style, types, workflow and generated files
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check workflow
	snakemake --lint
	pytest -q tests/settings/test_reference.py tests/test_lock.py

docs: $(environment) ## build the documentation as a site; docs/_build/index.html
	sphinx-build -W --keep-going -q -b html docs docs/_build

bench: $(environment) ## measure simulation, shaping, dataset, training, powders, reflections, the workflow; benchmarks/results
	python benchmarks/bench_simulate.py
	python benchmarks/bench_shape.py
	python benchmarks/bench_dataset.py
	python benchmarks/bench_train.py
	python benchmarks/bench_powder.py
	python benchmarks/bench_reflections.py
	python benchmarks/bench_workflow.py --crystals 1000 --crystals 20000

gpu-travels: $(environment) ## pack CRYSTALS=standardised.jsonl.gz, and packages, for a machine with a GPU
	python benchmarks/gpu/pack_cells.py --structures $(CRYSTALS)
	benchmarks/gpu/fetch_wheels.sh

gpu: ## there: simulate, train and measure within nine minutes; results/gpu
	benchmarks/gpu/run.sh --output results/gpu

release: $(environment) ## build the wheel and the source distribution; dist
	rm -rf dist
	python -m build --no-isolation --outdir dist

format: $(environment) ## format the code and the workflow
	ruff check --fix .
	ruff format .
	snakefmt workflow

reference: $(environment) ## write the tables of settings and networks anew
	python scripts/write_config_reference.py
	python scripts/tabulate_networks.py --output docs/network_sizes.md

slurm-profile: ## let `snakemake --profile slurm` find cluster/slurm
	mkdir -p "$${XDG_CONFIG_HOME:-$$HOME/.config}/snakemake"
	ln -sfn "$(CURDIR)/cluster/slurm" "$${XDG_CONFIG_HOME:-$$HOME/.config}/snakemake/slurm"

lock: ## pin all dependencies anew (needs a network)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install pip-tools
	.venv-lock/bin/pip-compile --allow-unsafe --generate-hashes --strip-extras \
	  --extra build --extra databases --extra develop --extra horovod --extra micrographs --extra serve \
	  --extra sources --extra train --extra workflow --no-annotate --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-options --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
	rm -rf .venv-lock

clean: ## remove the environment and what is temporary, but no results
	rm -rf .venv .venv-lock .mypy_cache .pytest_cache .ruff_cache .hypothesis docs/_build docs/api docs/examples

remove-results: ## remove all results, and what Snakemake knows of them; asks first
	@find results -mindepth 1 -maxdepth 1 ! -name README.md -exec du -sh {} +
	@if [ "$(CONFIRM)" != yes ]; then \
	  printf 'Remove all of these? Type yes: '; read -r answer || true; \
	  if [ "$$answer" != yes ]; then echo "nothing is removed"; exit 1; fi; \
	fi
	find results -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	rm -rf .snakemake

$(environment): requirements.lock pyproject.toml install_environment.sh
	$(PYTHON) -m venv .venv
	./install_environment.sh .venv/bin/python
	touch $@
