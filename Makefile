# Two commands on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
SECONDS ?= 600
VENV := .venv
BIN := $(VENV)/bin
STREAMS := .venv-streams
LOWEST := .venv-lowest
TORCH := torch==2.13.0
DEMO := featser-demo
PARALLEL := -n auto --maxprocesses 4 --dist worksteal

# Tests start hundreds of processes: each would compile featser by itself where the environment
# keeps Python from writing bytecode.
export PYTHONDONTWRITEBYTECODE =

.PHONY: aux demo test fuzz test-extras test-streams test-lowest coverage check golden golden-networks mutants bench bench-streams reports systems emobox auxiliary studies ablation timelines timeline-abstention coverage-of-intervals voice-activity clean abstention human-ceiling explanations label-noise active-order serve-latency serve-load robustness

# The main job on the embedded corpus: scan, extract, fit, report.
demo: $(VENV)/.installed
	$(BIN)/featser demo --folder $(DEMO)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(PARALLEL)

# Hostile and damaged input through the command line, for SECONDS in all; findings are saved in
# fuzz-findings/ and exit with 1.
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# What takes long, or needs optional dependencies: a Dask cluster here, recordings in S3, videos.
test-extras: $(VENV)/.installed-extras
	$(BIN)/python -m pytest $(PARALLEL) -m 'extras or slow'

# Networks: in an environment of their own, so that `make test` never sees torch.
test-streams: $(STREAMS)/.installed
	$(STREAMS)/bin/python -m pytest -m streams

# The lowest supported versions of the direct dependencies, with a quick subset of the tests.
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest $(PARALLEL) tests/test_layers.py tests/test_doctests.py \
		tests/audio tests/corpora tests/evaluation/test_metrics.py tests/evaluation/test_protocols.py \
		tests/features/test_extractor.py tests/store/test_store.py tests/models/test_bundle.py

# Which lines the tests run; fewer than pyproject.toml demands is an error.
coverage: $(VENV)/.installed-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Lint, format, types, and the layers that imports must keep to.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# Pin values anew whose version was raised, as several kinds of CPU compute them; of others by
# name: FORCE='results/*'.
golden: $(VENV)/.installed-dev
	$(BIN)/python -m tests.golden.remake

# Plant errors in a copy of the package: tests must catch 95 % of them. It writes reports/mutants.md.
mutants: $(VENV)/.installed-dev
	$(BIN)/python -m tests.mutants

# The same of networks, in their environment.
golden-networks: $(STREAMS)/.installed
	$(STREAMS)/bin/python -m tests.golden.remake

# Measurements; they write their figures to reports/benchmarks/.
bench: $(VENV)/.installed-bench
	$(BIN)/python -m pytest -m bench -s -o python_files='bench_*.py' tests/benchmarks

# The same of networks, in their environment.
bench-streams: $(STREAMS)/.installed
	$(STREAMS)/bin/python -m pytest -m bench -s -o python_files='bench_streams.py' tests/benchmarks

# The figures of README.md and reports/README.md, on real recordings: CORPORA=FOLDER.
reports: $(VENV)/.installed $(STREAMS)/.installed
	$(BIN)/python reports/baselines.py $(CORPORA)
	$(STREAMS)/bin/python reports/systems.py $(CORPORA)

# The table of published systems alone, those with networks too: what is done is not done again.
systems: $(STREAMS)/.installed
	$(STREAMS)/bin/python reports/systems.py $(CORPORA)

# featser on EmoBox's published folds, beside its networks: CORPORA=FOLDER FOLDS=FOLDER.
emobox: $(VENV)/.installed
	$(BIN)/python reports/emobox.py $(CORPORA) $(FOLDS)

# What training on other corpora adds: CORPORA=FOLDER FOLDS=FOLDER.
auxiliary: $(VENV)/.installed
	$(BIN)/python reports/auxiliary.py $(CORPORA) $(FOLDS)

# Leakage tables, learning curves, dimensions and tails, on real recordings: CORPORA=FOLDER.
studies: $(VENV)/.installed
	$(BIN)/python reports/studies.py $(CORPORA)
	$(BIN)/python reports/dimensions.py $(CORPORA)

# What features, vote, calibration, other corpora and copies add: CORPORA=FOLDER.
ablation: $(VENV)/.installed
	$(BIN)/python reports/ablation.py $(CORPORA)

# Coverage of prediction sets, and which recordings are marked: CORPORA=FOLDER.
abstention: $(VENV)/.installed
	$(BIN)/python reports/abstention.py $(CORPORA)

# What models listen to, beside the literature: CORPORA=FOLDER.
explanations: $(VENV)/.installed
	$(BIN)/python reports/explanations.py $(CORPORA)

# The default system on altered recordings: CORPORA=FOLDER.
robustness: $(VENV)/.installed
	$(BIN)/python reports/robustness.py $(CORPORA)

# How well people recognise emotions, from listeners' votes: RATINGS=FOLDER CORPORA=FOLDER.
human-ceiling: $(VENV)/.installed
	$(BIN)/python reports/human_ceiling.py $(RATINGS) $(CORPORA)

# How many planted label errors are found: docs/explore.md. CORPORA=FOLDER.
label-noise: $(VENV)/.installed
	$(BIN)/python reports/label_noise.py $(CORPORA)

# What annotation in the order of uncertainty gains: CORPORA=FOLDER STORE=STORE.
active-order: $(VENV)/.installed
	$(BIN)/python reports/active_order.py $(CORPORA) $(STORE)

# Predictions over time, on recordings with known borders: CORPORA=FOLDER.
timelines: $(VENV)/.installed
	$(BIN)/python reports/timelines.py $(CORPORA)

timeline-abstention: $(VENV)/.installed
	$(BIN)/python reports/timeline_abstention.py $(CORPORA)

# How long the local server takes to answer: MODEL=RUN CLIP=RECORDING.
serve-latency: $(VENV)/.installed-extras
	$(BIN)/python reports/serve_latency.py $(MODEL) $(CLIP)

# Whether it answers 64 clients rightly, for 60 s: MODEL=RUN CLIP=RECORDING.
serve-load: $(VENV)/.installed-extras
	$(BIN)/python reports/serve_load.py $(MODEL) $(CLIP)

# The tables of auxiliary corpora that come with featser, from real recordings: CORPORA=FOLDER.
aux: $(VENV)/.installed
	$(BIN)/python reports/auxiliary_tables.py $(CORPORA)

# How often intervals hold the true value, by simulation: docs/intervals.md.
coverage-of-intervals: $(VENV)/.installed
	$(BIN)/python reports/coverage_of_intervals.py

# Frame errors of voice activity detection: docs/segments.md. CORPORA=FOLDER adds recordings of EmoDB.
voice-activity: $(VENV)/.installed-extras
	$(BIN)/python reports/voice_activity.py $(CORPORA)

clean:
	rm -rf $(VENV) $(STREAMS) $(LOWEST) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@ $(VENV)/.installed

$(VENV)/.installed-extras: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev-extras]"
	touch $@ $(VENV)/.installed-dev $(VENV)/.installed

# torch comes first and by itself: a build that the rest is satisfied with.
$(STREAMS)/.installed: pyproject.toml
	test -x $(STREAMS)/bin/python || $(PYTHON) -m venv $(STREAMS)
	$(STREAMS)/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(STREAMS)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dev-streams]"
	touch $@

# uv resolves every direct dependency to the lowest version that pyproject.toml allows.
$(LOWEST)/.installed: pyproject.toml
	test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -e ".[dev]"
	touch $@

$(VENV)/.installed-bench: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,bench]"
	touch $@ $(VENV)/.installed-dev $(VENV)/.installed
