"""Evaluation: protocols, metrics, and their uncertainty."""
