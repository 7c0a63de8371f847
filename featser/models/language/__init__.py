"""Recognition in two passes: the language first, then the model of that language.

Import the estimator from ``featser.models.language.two_pass``. It may import from ``evaluation``,
``features`` and the layers below.
"""
