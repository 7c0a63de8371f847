"""From file names to features: a scikit-learn transformer, and a function that returns a table."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from featser.credentials import without_credentials
from featser.errors import InputError, UnusableAudio
from featser.features.extractor import Extractor
from featser.features.file_features import feature_names, file_features
from featser.features.lowlevel.frame_settings import Floats
from featser.features.registry import make_extractors
from featser.one_thread import one_thread

if TYPE_CHECKING:
    import pandas as pd

Errors = Literal["raise", "nan"]
_SHOWN = 3


class AudioFeatures(TransformerMixin, BaseEstimator):
    """Compute features of recordings, as the first step of a scikit-learn pipeline.

    Nothing is estimated from the data: :meth:`fit` only checks the parameters, and
    :meth:`transform` works without it. What is computed for a recording depends on that recording
    alone, whatever ``n_jobs`` is.

    Parameters
    ----------
    extractors : str or sequence of str, default='gemaps'
        Extractors, as :func:`featser.features.make_extractor` reads them.
    channel : str, default='mix'
        The channel to read: ``mix``, ``left``, ``right``, ``loudest``, or a number from 1 on.
    errors : {'raise', 'nan'}, default='raise'
        Whether a recording that cannot be used ends the computation, or gives NaN and a warning.
    n_jobs : int, default=None
        Worker processes, as joblib counts them: None for one, −1 for one per core.

    See Also
    --------
    extract_features : The same values as a DataFrame.

    Notes
    -----
    Features are computed again at each call. In a search or a cross-validation, compute them once
    before, or give the pipeline a ``memory``.

    Examples
    --------
    >>> import tempfile, pathlib, numpy, soundfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tone.wav"
    >>> soundfile.write(file, numpy.sin(numpy.arange(16_000) / 10), 16_000)
    >>> transformer = AudioFeatures("rms:basic")
    >>> transformer.transform([file]).shape
    (1, 2)
    >>> transformer.get_feature_names_out()
    array(['rms.mean', 'rms.std'], dtype=object)
    """

    def __init__(
        self,
        extractors: str | Sequence[str] = "gemaps",
        *,
        channel: str = "mix",
        errors: Errors = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.extractors = extractors
        self.channel = channel
        self.errors = errors
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> AudioFeatures:
        """Check the parameters; nothing is estimated.

        Parameters
        ----------
        X : array-like of str or Path, shape (n,) or (n, 1)
            Recordings; they are not read.
        y : object
            Ignored.
        """
        _files(X)
        self._made()
        return self

    def transform(self, X: Any) -> Floats:
        """Compute the features.

        Parameters
        ----------
        X : array-like of str or Path, shape (n,) or (n, 1)
            Recordings.

        Returns
        -------
        ndarray of float32, shape (n, d)
            One row per recording, in their order; NaN where a value is undefined.

        Raises
        ------
        FeatureError
            If an extractor does not exist.
        InputError
            If ``X`` has another shape, or ``errors`` another value.
        UnusableAudio
            If a recording cannot be used and ``errors`` is ``"raise"``.
        """
        values, problems = _computed(
            _files(X), self._made(), self.channel, self.errors, self.n_jobs
        )
        _warn(problems, len(values))
        return values

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns of :meth:`transform`.

        Parameters
        ----------
        input_features : object
            Ignored: names do not depend on the recordings.
        """
        return np.array(feature_names(self._made()), dtype=object)

    def _made(self) -> list[Extractor]:
        if self.errors not in ("raise", "nan"):
            raise InputError(f"'{self.errors}' is neither 'raise' nor 'nan'", "errors")
        return _extractors(self.extractors)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.requires_fit = False
        tags.no_validation = True
        return tags


def extract_features(
    files: str | Path | Iterable[str | Path],
    extractors: str | Sequence[str] = "gemaps",
    *,
    channel: str = "mix",
    errors: Errors = "raise",
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Compute features of recordings as a DataFrame, without a store.

    Parameters
    ----------
    files : str, Path or iterable of them
        Recordings, or their URLs.
    extractors, channel, errors, n_jobs
        As in :class:`AudioFeatures`.

    Returns
    -------
    DataFrame
        One row per recording, with the index ``file`` and one named column per value. With
        ``errors="nan"``, ``attrs["errors"]`` lists what cannot be used, each with ``file``,
        ``extractor`` (empty for the recording itself) and ``reason``.

    Raises
    ------
    FeatureError
        If an extractor does not exist.
    InputError
        If ``errors`` has another value.
    UnusableAudio
        If a recording cannot be used and ``errors`` is ``"raise"``.

    Examples
    --------
    >>> import tempfile, pathlib, numpy, soundfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tone.wav"
    >>> soundfile.write(file, numpy.sin(numpy.arange(16_000) / 10), 16_000)
    >>> table = extract_features([file], "rms:basic")
    >>> list(table.columns), table.index.name
    (['rms.mean', 'rms.std'], 'file')
    """
    import pandas as pd

    paths = [files] if isinstance(files, (str, Path)) else list(files)
    if errors not in ("raise", "nan"):
        raise InputError(f"'{errors}' is neither 'raise' nor 'nan'", "errors")
    made = _extractors(extractors)
    values, problems = _computed([str(path) for path in paths], made, channel, errors, n_jobs)
    _warn(problems, len(values))
    index = pd.Index([str(path) for path in paths], name="file", dtype=object)
    table = pd.DataFrame(values, index=index, columns=list(feature_names(made)))
    table.attrs["errors"] = problems
    return table


def _extractors(specs: str | Sequence[str]) -> list[Extractor]:
    made = make_extractors([specs] if isinstance(specs, str) else specs)
    if not made:
        raise InputError("names no extractor; `featser features` lists them", "extractors")
    return made


def _files(X: Any) -> list[str]:
    array = np.asarray(X, dtype=object)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"file names of shape (n,) or (n, 1) are needed, not {array.shape}", "X")
    for value in array:
        if not isinstance(value, (str, Path)):
            raise InputError(f"{value!r} is not a file name: a text or a Path is needed", "X")
    return [str(value) for value in array]


def _computed(
    files: Sequence[str],
    extractors: Sequence[Extractor],
    channel: str,
    errors: Errors,
    n_jobs: int | None,
) -> tuple[Floats, list[dict[str, str]]]:
    """Return the values of all files, and what cannot be used."""
    from joblib import Parallel, delayed

    run = Parallel(n_jobs=n_jobs, return_as="generator")
    rows = run(delayed(_row)(file, extractors, channel) for file in files)
    width = sum(extractor.dimension for extractor in extractors)
    values = np.empty((len(files), width), np.float32)
    problems: list[dict[str, str]] = []
    for number, (file, (row, reasons)) in enumerate(zip(files, rows, strict=True)):
        for extractor, reason in reasons.items():
            if errors == "raise":
                raise UnusableAudio(file, f"{extractor}: {reason}" if extractor else reason)
            named = without_credentials(file)
            problems.append({"file": named, "extractor": extractor, "reason": reason})
        values[number] = row
    return values, problems


def _row(file: str, extractors: Sequence[Extractor], channel: str) -> tuple[Floats, dict[str, str]]:
    with one_thread():  # equal bits, whatever the number of workers
        return file_features(file, extractors, channel)


def _warn(problems: Sequence[dict[str, str]], n_files: int) -> None:
    if not problems:
        return
    unusable = len({problem["file"] for problem in problems})
    shown = "; ".join(f"{each['file']}: {each['reason']}" for each in problems[:_SHOWN])
    more = "; …" if len(problems) > _SHOWN else ""
    warnings.warn(
        f"values of {unusable} of {n_files} recordings are NaN because they cannot be computed: "
        f"{shown}{more}",
        stacklevel=3,
    )
