"""What the audit measures on each recording, in one parallel pass over the files.

``audit.checks`` imports the measurements and the comparison of two recordings. It may import from
``audio``, ``workers`` and the layers below.
"""
