"""Fusion of feature blocks: gated votes, aligned blocks, and pooling over time.

Import ``GatedVote`` and the views of columns from its modules. It may import from
``models.ensemble`` and the layers below.
"""
