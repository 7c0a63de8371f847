"""What the terminal shows of results: corpora, audits, stores, predictions and runs.

Each module prints the results of some commands by the functions of :mod:`featser.cli.console`. It
may import from ``cli`` and all layers below.
"""
