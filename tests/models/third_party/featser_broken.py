"""A package that cannot be imported, as after an incompatible update of what it needs."""

raise RuntimeError("this package needs\nanother version of something")
