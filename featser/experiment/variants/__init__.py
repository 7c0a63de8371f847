"""Experiments that differ in how they fit: fused streams, a language first, enrolled speakers.

Import what :mod:`featser.experiment.carry_out` asks whether it applies.
It may import from ``reporting``, ``models`` and all layers below.
"""
