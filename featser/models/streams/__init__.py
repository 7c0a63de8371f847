"""Networks over feature vectors or frames, their training, and their export to ONNX.

Import the estimators from ``featser.models.streams.estimators``, which can be imported without
torch. It may import from ``models.encoders``, ``models.exported``, ``models.heads``, ``speakers``
and the layers below, and is the only folder that imports torch and skorch.
"""
