"""Files that hold many recordings: what the reading of single members needs.

Import functions from the module that is named after the kind of file; members themselves are read
by ``featser.io.nested_files``. It may import from ``io``, ``errors`` and the layers below.
"""
