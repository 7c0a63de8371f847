"""Statistics: confidence intervals over speakers, comparisons of runs, gaps between groups, raters.

Import the functions from the module that is named after the question. It may import from
``evaluation.metrics``, ``corpora``, ``ratings``, ``tasks`` and ``errors``.
"""
