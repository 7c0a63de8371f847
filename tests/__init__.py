"""What featser promises, each test one of its promises."""

import os
import sys

# Matrices of tests are so small that BLAS' threads wait for each other longer than they compute,
# the more so where several processes test side by side. Benchmarks have what users have.
if "bench" not in sys.argv:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
