"""The name of a bundle in the folder of a run; imports nothing."""

BUNDLE = "model.featser"
