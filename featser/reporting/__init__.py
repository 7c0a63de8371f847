"""Reporting: figures and the HTML report."""
