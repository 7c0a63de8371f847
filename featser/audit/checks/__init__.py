"""What the audit concludes from its measurements: one module per kind of finding.

Only ``featser.audit.audit_manifest`` imports from it. It may import from ``audit.measure``,
``evaluation``, ``corpora`` and the layers below.
"""
