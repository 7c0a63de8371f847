"""Public functions that need neither a store nor a command: features, models and signals of files.

They are thin: ``featser.features``, ``featser.models`` and ``featser.audio`` do the work, and the
functions here check the arguments as all public functions do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from featser.api.validation import validated

if TYPE_CHECKING:
    import pandas as pd

    from featser.audio.signal import Signal
    from featser.models.bundle import Bundle


@validated()
def extract_features(
    files: str | Path | Iterable[str | Path],
    extractors: str | Sequence[str] = "gemaps",
    *,
    channel: str = "mix",
    errors: Literal["raise", "nan"] = "raise",
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Compute features of recordings as a DataFrame.

    Parameters
    ----------
    files : str, Path or iterable of them
        Recordings, or their URLs.
    extractors : str or sequence of str
        Names of extractors, such as ``"mfcc"``; ``featser features`` lists them.
    channel : str
        The channel to read: ``mix``, ``left``, ``right``, ``loudest``, or a number from 1 on.
    errors : {'raise', 'nan'}
        Whether a recording that cannot be used ends the computation, or gives NaN and a warning.
    n_jobs : int
        Worker processes; -1 for one per core.

    Returns
    -------
    DataFrame
        One row per recording, with the index ``file`` and one named column per value. With
        ``errors="nan"``, ``attrs["errors"]`` lists the recordings that cannot be used and why.

    Raises
    ------
    InputError
        If an argument is not valid.
    FeatureError
        If an extractor does not exist.
    UnusableAudio
        If a recording cannot be used and ``errors`` is ``"raise"``.

    See Also
    --------
    featser.extract : Features of a whole corpus in a store, resumable.
    featser.features.AudioFeatures : The same as a scikit-learn transformer.

    Examples
    --------
    >>> import tempfile, pathlib, numpy, soundfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tone.wav"
    >>> soundfile.write(file, numpy.sin(numpy.arange(16_000) / 10), 16_000)
    >>> extract_features([file], extractors="rms:basic").round(2).to_numpy().shape
    (1, 2)
    """
    from featser.features import extract_features as compute

    return compute(files, extractors, channel=channel, errors=errors, n_jobs=n_jobs)


@validated()
def load_model(path: str | Path) -> Bundle:
    """Read a model that ``featser fit`` wrote.

    No code in the file is run, so models from others can be loaded.

    Parameters
    ----------
    path : str or Path
        The bundle, such as ``run/model.featser``.

    Returns
    -------
    Bundle
        ``tasks``, ``extractors``, ``training`` (data and results) and ``model``, a fitted
        estimator. To predict from recordings, use :func:`featser.predict`.

    Raises
    ------
    BundleError
        If the file is missing, damaged, or of another format.

    Examples
    --------
    >>> bundle = load_model("run/model.featser")  # doctest: +SKIP
    >>> [task.name for task in bundle.tasks]  # doctest: +SKIP
    ['emotion', 'gender', 'intensity']
    """
    from featser.models.bundle import load_bundle

    return load_bundle(path)


@validated()
def read_audio(
    file: str | Path,
    rate: int = 16_000,
    start: float | None = None,
    end: float | None = None,
    channel: str = "mix",
) -> Signal:
    """Read a recording, or a segment of one, as mono float32.

    Parameters
    ----------
    file : str or Path
        Any file that libsndfile decodes (WAV, FLAC, OGG, MP3, AIFF and others) or, with the extra
        ``media``, PyAV (M4A, WebM, AMR, WMA, videos and others); or a URL.
    rate : int
        Sampling rate of the result in hertz, from 1,000 to 384,000.
    start, end : float, optional
        The segment in seconds; by default the whole recording.
    channel : str
        ``mix``, the average of all channels; ``left``, ``right``, ``loudest``, or a number from
        1 on.

    Returns
    -------
    Signal
        ``samples`` (ndarray of float32), ``rate`` and ``seconds``.

    Raises
    ------
    InputError
        If an argument is not valid.
    UnusableAudio
        If the file is missing, not audio, truncated, silent, or shorter than 100 ms.

    Examples
    --------
    >>> import tempfile, pathlib, numpy, soundfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tone.wav"
    >>> soundfile.write(file, numpy.sin(numpy.arange(44_100) / 10), 44_100)
    >>> signal = read_audio(file)
    >>> signal.samples.dtype, signal.rate, signal.seconds
    (dtype('float32'), 16000, 1.0)
    """
    from featser.audio.decoding import read_audio as read

    return read(file, rate, start, end, channel)
