"""Tests of featser; each test checks one promise."""

import os
import sys

# Matrices of tests are so small that threads of BLAS wait longer than they compute, above all
# where several processes run tests. Benchmarks keep the users' setting.
if "bench" not in sys.argv:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
