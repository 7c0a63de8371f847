"""What microphones and recorders do to speech: clipping, and distance.

Each function takes a signal and values of parameters, and returns a signal that is as long;
:mod:`featser.augmentation.kinds` declares them.
It may import from ``augmentation`` and all layers below.
"""
