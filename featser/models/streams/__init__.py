"""Networks that read a feature vector or frames: the only place that asks for torch or skorch.

Fitted networks are ONNX graphs and predict without any of it (:mod:`featser.models.exported`);
:mod:`featser.models.streams.estimators` can be imported without it too, so that a saved model
loads anywhere.
"""
