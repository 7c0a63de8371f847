"""Ratings by several raters."""
