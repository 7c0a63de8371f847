"""``featser serve``: a local page and an API that predict from recordings, without a network.

Import :func:`featser.serve.server.serve`, which runs the server until it is stopped, and
:class:`featser.serve.client.Client`, which asks one. It may import from ``api`` and all layers
below.
"""
