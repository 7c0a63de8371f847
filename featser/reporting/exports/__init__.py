"""What papers take from a report: text as LaTeX, tables as LaTeX, CSV and Markdown.

Import ``for_latex`` from ``featser.reporting.exports.latex_text``; every name from data passes
through it. It may import from ``reporting`` and ``io``.
"""
