"""Studies run one experiment in several ways and compare: leakage tables and learning curves.

``api`` imports them; their results are pages and Markdown tables. It may import from ``experiment``
and all layers below.
"""
