"""Public functions: one module per command, with the function of the same name.

Import these functions from ``featser`` itself (``featser.fit``, ``featser.extract``); only the
command line imports the modules here. It may import from ``studies`` and all layers below; nothing
below imports it.
"""
