"""The page that compares runs: differences, and the utterances, classes and speakers behind them.

Import ``write_comparison_page`` and ``ComparisonSummary`` from the modules of those ideas. It may
import from ``evaluation`` and ``reporting``.
"""
