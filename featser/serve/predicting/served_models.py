"""The models of a server: several, each by a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from featser.auxiliary.open_name import OPEN
from featser.errors import InputError, unknown
from featser.models.storage.bundle_name import BUNDLE


class ServedModels:
    """The bundles of a server by name; the first is the default.

    Parameters
    ----------
    files : dict of str to str
        Where each bundle is.

    Examples
    --------
    >>> models = ServedModels({"german": "de.featser", "bangla": "bn.featser"})
    >>> models.file(""), models.name("bangla")
    ('de.featser', 'bangla')
    """

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def name(self, name: str = "") -> str:
        """Return the name of a model; of none, that of the first.

        Raises
        ------
        InputError
            If there is no such model.
        """
        if not self._files:
            raise InputError("this server has no model: start it with one, such as RUN or open")
        if not name:
            return next(iter(self._files))
        if name not in self._files:
            raise InputError(unknown("model", name, self._files), "model")
        return name

    def file(self, name: str = "") -> str:
        """Return where a model's bundle is."""
        return self._files[self.name(name)]


def served_models(arguments: Sequence[str | Path]) -> ServedModels:
    """Read which models to serve.

    Parameters
    ----------
    arguments : sequence of str or Path
        Bundles, folders of runs, or ``open``, each as ``NAME=…`` to give it a name. Without a name
        it is the name of the run, or of the file without its ending.

    Raises
    ------
    InputError
        If two models have the same name.

    Examples
    --------
    >>> list(served_models(["runs/emodb-1/model.featser", "bangla=bn.featser", "open"]))
    ['emodb-1', 'bangla', 'open']
    """
    files: dict[str, str] = {}
    for argument in arguments or [OPEN]:
        text = str(argument)
        given, equals, place = text.partition("=")
        if not equals or Path(text).exists():
            given, place = "", text
        file = Path(place)
        if file.is_dir():
            file = file / BUNDLE
        name = given or _own_name(file)
        if name in files:
            raise InputError(
                f"two models are called '{name}' ({files[name]} and {place}): give names, such as "
                f"first={files[name]} second={place}",
                "models",
            )
        files[name] = str(file) if file.name == BUNDLE or file.exists() else place
    return ServedModels(files)


def _own_name(file: Path) -> str:
    return file.absolute().parent.name if file.name == BUNDLE else file.stem
