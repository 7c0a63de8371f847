"""Commands about finished runs: what their models rely on, and serving these.

Each module has one of them, which ``featser.cli.main`` adds. It may import from ``cli`` and all
layers below.
"""
