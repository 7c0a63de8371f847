"""Kernel ridge with a kernel per extractor, tuned in closed form on left-out speakers.

Import the classifier and the regressor from ``featser.models.kernel.multiple_kernels``. It may
import from ``models.heads``, ``evaluation`` and the layers below.
"""
