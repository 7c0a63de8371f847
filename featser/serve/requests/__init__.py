"""What every request passes through: checks of its origin, its token and its size; its answer.

Import :class:`featser.serve.requests.security.Guard`,
:class:`featser.serve.requests.uploads.UploadGate` and
:class:`featser.serve.requests.endpoint.Endpoint`, of which each address is one. It may import from
``api`` and all layers below.
"""
