"""Headers and pages of containers: what they announce, and whether the bytes hold it.

Import the functions from the modules, each of which knows one container, such as
``featser.audio.headers.riff``. It may import from ``errors``.
"""
