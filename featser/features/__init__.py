"""Features: one short-time spectrum, descriptors, functionals, extractors and the store."""
