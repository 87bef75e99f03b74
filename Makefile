# The long forms of the tests; docs/reliability.md quotes what they printed. The short forms run with `make test`.
PYTHON ?= .venv/bin/python

.PHONY: test lint differential laws windows faults concurrency fuzz mutation coverage benchmarks

test:
	$(PYTHON) -m pytest -n 2

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) tools/check_imports.py
	$(PYTHON) tools/generate_docs.py --check

# every engine against the reference, on random policies and records
differential:
	$(PYTHON) tools/differential.py --evaluations 1000000

laws:
	AGREEMENT_EXAMPLES=4000 PAY_LADDERS=1500 GRID_POLICIES=400 $(PYTHON) -m pytest -q tests/test_laws.py tests/test_unknown_laws.py \
	  tests/test_pay_laws.py tests/test_fingerprints.py tests/test_next_steps.py tests/test_coming.py

windows:
	WINDOWS=whole $(PYTHON) -m pytest -q tests/test_windows.py

faults:
	FAULT_POINTS=all $(PYTHON) -m pytest -q -s tests/test_faults.py

concurrency:
	CONCURRENCY_ROUNDS=20 $(PYTHON) -m pytest -q -s tests/test_concurrency.py

# needs atheris: pip install atheris, in Python 3.11
fuzz:
	for target in policies records tables conditions; do $(PYTHON) tools/fuzz.py $$target --seconds 600 || exit 1; done

mutation:
	$(PYTHON) tools/mutate_library.py

# a process a file: what a test does to files and forks cannot harm the figures of others; the tests of faults and of
# concurrency forbid files and fork while threads run, and coverage itself writes and locks, so they are left out
coverage:
	ls tests/test_*.py | grep -v 'test_faults\|test_concurrency' | xargs -P 2 -n 1 $(PYTHON) -m coverage run -m pytest -q
	$(PYTHON) -m coverage combine -q
	$(PYTHON) -m coverage report --precision=2

benchmarks:
	$(PYTHON) -m benchmarks
