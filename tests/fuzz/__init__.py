"""Hostile and damaged input through the real command line, at random and reproducibly.

A target builds inputs from a seed, runs commands on them and reports what breaks a promise:
a traceback, an undocumented exit code, a command that does not end, a file outside the folders
named, a lost row. ``python -m tests.fuzz recordings --count 6000`` runs cases; ``make fuzz
SECONDS=600`` shares the time among all targets.
"""
