"""Corpora: cards, scanning a folder into a manifest, and the synthetic demo corpus."""
