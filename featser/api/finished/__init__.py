"""Commands about finished runs: what their models rely on.

Import functions from the module that is named after the command. It may import from ``studies`` and
all layers below; nothing below imports it.
"""
