"""Golden values: what every extractor, decoder, augmentation, encoder and experiment gives today.

A test here fails when a value changes. If the change is meant, raise the ``version`` of what
changed and run ``make golden``, which computes its values under several kinds of CPU and writes
them, with a tolerance each, to ``data/``; results of experiments have no version and are made
again by name (``make golden FORCE='results/*'``). Results of networks need torch: ``make
test-streams`` compares them, ``make golden-networks`` makes them.
"""
