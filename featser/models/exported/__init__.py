"""Fitted networks as plain data: an ONNX graph and the few numbers that predictions need.

Import :class:`~featser.models.exported.exported_network.ExportedNetwork`; it predicts without
torch. It may import from ``models.heads``, ``features`` and the layers below, and onnxruntime
inside functions.
"""
