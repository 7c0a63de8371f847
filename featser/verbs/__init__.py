"""Verbs: each arrow of the flow as one function, the same as the command of that name."""
