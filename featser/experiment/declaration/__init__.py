"""The declaration of an experiment: its fields, the options made of them, and their valid values.

Import the types of fields from ``featser.experiment.declaration.fields`` and ``Option`` from
``featser.experiment.declaration.option``. It may import from ``models`` and all layers below.
"""
