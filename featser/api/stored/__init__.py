"""Commands about what lies on the disk: feature stores, what they export, and auxiliary tables.

Import functions from the module that is named after the command. It may import from ``studies`` and
all layers below; nothing below imports it.
"""
