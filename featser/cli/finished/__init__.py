"""Commands about finished runs, such as what their models rely on.

Each module has one of them, which ``featser.cli.main`` adds. It may import from ``cli`` and all
layers below.
"""
