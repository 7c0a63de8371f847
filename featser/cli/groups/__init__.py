"""Commands that have commands below them: ``featser aux …``, ``folds …`` and ``recipe …``.

Each module has one of them, which ``featser.cli.main`` adds. It may import from ``cli`` and all
layers below.
"""
