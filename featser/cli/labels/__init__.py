"""Commands about labels alone, which read no recording.

Import ``agreement`` from ``featser.cli.labels.agreement_command``. It may import from ``cli``,
``api`` and the layers below.
"""
