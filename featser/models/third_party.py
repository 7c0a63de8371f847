"""Models of other packages, which declare them as entry points of the group ``featser.models``.

The name of an entry point is the name of the model, and its object is a
:class:`~featser.models.model.Model`. In the ``pyproject.toml`` of the package::

    [project.entry-points."featser.models"]
    bayes = "my_package.models:BAYES"

The package is imported when the model is used. One that cannot be imported is named in the error,
and breaks nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from featser.errors import TaskError
from featser.models.model import Model

GROUP = "featser.models"


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def model_names() -> tuple[str, ...]:
    """Return the names of the models that installed packages add; none of them is imported."""
    return tuple(sorted(_entry_points()))


def load_model(name: str) -> Model:
    """Return the row of a model that another package adds.

    Parameters
    ----------
    name : str
        One of :func:`model_names`.

    Raises
    ------
    TaskError
        If the package cannot be imported, or its entry point is not a row of that name.
    """
    point = _entry_points()[name]
    try:
        row = point.load()
    except Exception as error:
        raise TaskError(
            _fault(name, f"{point.value} cannot be imported: {_shown(error)}")
        ) from error
    if not isinstance(row, Model):
        raise TaskError(_fault(name, f"{point.value} is not a featser.models.model.Model"))
    if row.name != name:
        raise TaskError(_fault(name, f"{point.value} is a row of the name '{row.name}'"))
    return row


def refuse_not_importable(name: str, spec: str, error: Exception) -> None:
    """Refuse a model whose maker cannot be imported, if another package adds the model.

    Parameters
    ----------
    name : str
        The model.
    spec : str
        What was to be imported, ``module:name``.
    error : Exception
        What importing it raised.

    Raises
    ------
    TaskError
        With the name of the package.
    """
    if name in _entry_points():
        raise TaskError(_fault(name, f"{spec} cannot be imported: {_shown(error)}")) from error


def package_of(name: str) -> str | None:
    """Return the installed package that adds a model; None for featser's own models."""
    point = _entry_points().get(name)
    return None if point is None or point.dist is None else point.dist.name


def packages() -> tuple[str, ...]:
    """Return the installed packages that add models."""
    packages = (package_of(name) for name in model_names())
    return tuple(sorted({package for package in packages if package is not None}))


def loadable_models() -> Iterator[Model]:
    """Yield the rows of all models that other packages add, without those that do not load."""
    for name in model_names():
        try:
            yield load_model(name)
        except TaskError:
            continue


def classes_in_bundles() -> tuple[str, ...]:
    """Return the classes that installed packages let bundles hold, by qualified name."""
    return tuple(dict.fromkeys(name for row in loadable_models() for name in row.classes))


def _fault(name: str, fault: str) -> str:
    package = package_of(name) or "an installed package"
    return f"--model {name} comes from the package {package}, but {fault}; update or uninstall it"


def _shown(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
