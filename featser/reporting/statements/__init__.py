"""Results in few words: the verdict on a run, its overview, the conclusions of a comparison.

Import ``verdict_of``, ``verdict_box``, ``summary_line`` and ``conclusion`` from the modules of
those ideas; the terminal, the report and notebooks show the same words. It may import from
``audit``, ``evaluation`` and ``reporting``.
"""
