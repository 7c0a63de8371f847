"""Input and output: atomic writes, locks, remote files, archives, limited YAML, escaping.

Import functions from the module that is named after the task; every layer above uses them. It may
import from ``progress``, ``errors`` and ``credentials``.
"""
