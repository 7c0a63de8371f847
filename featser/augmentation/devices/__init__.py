"""What microphones and recorders do to speech: clipping, and distance.

They are augmentations as those beside this folder are: from a signal, values of parameters and a
generator to a signal that is as long. Import them from their modules;
:mod:`featser.augmentation.kinds` declares them. They may import from ``audio`` and from the other
augmentations.
"""
