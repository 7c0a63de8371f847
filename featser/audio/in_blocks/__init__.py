"""Recordings of more than 60 s, decoded and resampled a block at a time.

Import the functions from ``featser.audio.in_blocks.long_recording`` and
``featser.audio.in_blocks.resampling``; what they return lies in temporary files. It may import from
``workers``, ``io`` and the layers below.
"""
