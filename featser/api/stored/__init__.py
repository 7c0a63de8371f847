"""Commands about what lies on the disk: feature stores and tables of auxiliary corpora.

Import functions from the module that is named after the command. It may import from ``studies`` and
all layers below; nothing below imports it.
"""
