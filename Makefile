# Everyday commands. `make` alone checks all that a commit must pass.
.DEFAULT_GOAL := check
.PHONY: check lint types test fix quickstart docs bench

check: lint types test

lint:
	uv run ruff check .
	uv run ruff format --check .

types:
	uv run mypy

test:
	uv run pytest

fix:
	uv run ruff check --fix .
	uv run ruff format .

quickstart:
	uv run harness run scenarios/quickstart.yaml

# what is generated from the code and held fresh by tests
docs:
	uv run python -m harness schema > harness/scenario.schema.json
	uv run python -c "from harness.scenario.fault_catalogue import faults_markdown; print(faults_markdown(), end='')" > docs/faults.md
	uv run python -c "from harness.scenario.reference import reference_markdown; print(reference_markdown(), end='')" > docs/reference.md
	uv run python -c "from pathlib import Path; from harness.scenario.fault_scaffold import write_examples; write_examples(Path())"
	uv run python -c "from harness.report.data_docs import data_markdown; print(data_markdown(), end='')" > docs/data.md

bench:
	uv run python -m benchmarks
