"""eGeMAPS by array operations: 25 descriptors by frame, 88 values by utterance."""
