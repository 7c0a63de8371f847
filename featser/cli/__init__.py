"""The command line: one module per command, shared options, and what the terminal shows.

Nothing in the package imports from it; ``featser.cli.main`` is the entry point of the command
``featser``. It may import from ``serve`` and all layers below, and imports heavy libraries only
inside functions.
"""
