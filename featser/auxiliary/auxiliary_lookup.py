"""Where tables of auxiliary corpora are: those that featser brings, and those of the user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from featser.auxiliary.auxiliary_files import read_auxiliary
from featser.auxiliary.auxiliary_table import NAME, AuxiliaryTable, refuse_bad_name
from featser.auxiliary.open_name import OPEN
from featser.errors import AuxiliaryError, unknown
from featser.io.atomic_write import cache_folder

ENDING = ".parquet"


@dataclass(frozen=True)
class AuxiliaryFile:
    """A table that can be looked up by name.

    Attributes
    ----------
    name : str
        What users write.
    path : Path
        The file.
    is_shipped : bool
        Whether it comes with featser.
    """

    name: str
    path: Path
    is_shipped: bool


def shipped_folder() -> Path | None:
    """Return the folder of the tables that featser brings; None where there is none."""
    package = Path(__file__).resolve().parents[1]
    for root in (package, package.parent):
        folder = root / "data" / "auxiliary"
        if folder.is_dir():
            return folder
    return None


def user_folder() -> Path:
    """Return the folder of the user's own tables, which need not exist."""
    return cache_folder() / "auxiliary"


def checked_name(name: str) -> str:
    """Return the name of a table if it can be one.

    Raises
    ------
    AuxiliaryError
        If it cannot.

    Examples
    --------
    >>> checked_name("ravdess")
    'ravdess'
    """
    if name == OPEN:
        raise AuxiliaryError(
            f"'{OPEN}' stands for all tables that featser brings: use another name"
        )
    refuse_bad_name(name)
    return name


def list_auxiliary() -> list[AuxiliaryFile]:
    """Return the tables that can be looked up by name, sorted.

    Returns
    -------
    list of AuxiliaryFile
        A table of the user's stands for one of the same name that featser brings.
    """
    files = {one.name: one for one in [*shipped_files(), *_files_in(user_folder(), False)]}
    return [files[name] for name in sorted(files)]


def find_auxiliary(*names: str) -> list[AuxiliaryTable]:
    """Read tables by name.

    Parameters
    ----------
    *names : str
        Of a table that featser brings or that the user has added, ``open`` for all that featser
        brings, or the path of a file (with a slash, or ending with ``.parquet``).

    Returns
    -------
    list of AuxiliaryTable
        In the order of the names, each file once.

    Raises
    ------
    AuxiliaryError
        If there is no such table, or its file is damaged.

    Examples
    --------
    >>> find_auxiliary("emodbb")
    Traceback (most recent call last):
    featser.errors.AuxiliaryError: unknown auxiliary corpus 'emodbb'; ...
    """
    paths = dict.fromkeys(path for name in names for path in _paths_of(name))
    return [read_auxiliary(path) for path in paths]


def shipped_files() -> list[AuxiliaryFile]:
    """Return the tables that featser brings, sorted by name."""
    folder = shipped_folder()
    files = [] if folder is None else _files_in(folder, True)
    return sorted(files, key=lambda file: file.name)


def _files_in(folder: Path, is_shipped: bool) -> list[AuxiliaryFile]:
    files = folder.glob(f"*{ENDING}") if folder.is_dir() else ()
    return [
        AuxiliaryFile(file.stem, file, is_shipped) for file in files if NAME.fullmatch(file.stem)
    ]


def absolute_name(name: str) -> str:
    """Return what names the same table from every folder: the path of a file is made absolute.

    Examples
    --------
    >>> absolute_name("emodb"), absolute_name("/tables/clinic.parquet")
    ('emodb', '/tables/clinic.parquet')
    """
    return str(_path_of(name)) if _is_path(name) else name


def _is_path(name: str) -> bool:
    return name.endswith(ENDING) or "/" in name or "\\" in name


def _path_of(name: str) -> Path:
    return Path(name).expanduser().resolve()


def _paths_of(name: str) -> list[Path]:
    if _is_path(name):
        return [_path_of(name)]
    if name == OPEN:
        if shipped := sorted(one.path for one in shipped_files()):
            return shipped
        raise AuxiliaryError(
            "this installation of featser brings no auxiliary corpora: add one with `featser aux "
            "add NAME --data NAME=FOLDER`"
        )
    paths = {one.name: one.path for one in list_auxiliary()}
    if name in paths:
        return [paths[name]]
    raise AuxiliaryError(
        f"{unknown('auxiliary corpus', name, [*paths, OPEN])}; `featser aux add` adds one, or name "
        f"a {ENDING} file"
    )
