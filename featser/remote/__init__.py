"""Recordings that lie elsewhere, as files of this machine."""
