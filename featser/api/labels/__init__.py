"""Commands about labels alone, which read no recording.

Import ``agreement`` from ``featser.api.labels.agreement``. It may import from ``api``, ``studies``
and the layers below.
"""
