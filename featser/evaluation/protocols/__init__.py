"""Protocols: how recordings are divided into training and test folds.

Import the splitters from ``featser.evaluation.protocols.splitters`` and the table of protocols from
``featser.evaluation.protocols.registry``. It may import from ``evaluation``, ``tasks`` and
``errors``, and not from ``evaluation.metrics``.
"""
