"""Public functions without a store or a command: features, models, signals, intervals of files.

They are thin: ``featser.features``, ``featser.models``, ``featser.audio`` and
``featser.annotation`` do the work, and the functions here check the arguments as all public
functions do.
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


@validated()
def read_annotation(
    file: str | Path, *, recording: str | Path | None = None, tier: str | None = None
) -> pd.DataFrame:
    r"""Read labelled intervals of Praat, ELAN, Audacity, RTTM, CSV or audformat.

    Parameters
    ----------
    file : str or Path
        A file whose ending says the format (``.TextGrid``, ``.eaf``, ``.txt``, ``.rttm``, ``.csv``,
        ``.tsv``), or the folder of an audformat database.
    recording : str or Path, optional
        The recording that the intervals belong to, if the file names none or another one.
    tier : str, optional
        The only tier to return.

    Returns
    -------
    DataFrame
        ``file``, ``start``, ``end`` (seconds), ``tier`` and ``label``, sorted by file, tier and
        time, then further columns, such as ``confidence``. ``file`` is the recording that the file
        names, or the one beside it with the same name, as an absolute path; missing where there is
        none.

    Raises
    ------
    AnnotationError
        If the file cannot be read, with the line, the field and how to fix it; or if the tier does
        not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("talk.txt").write_text("0.5\t1.25\tangry\n")
    >>> read_annotation("talk.txt")[["start", "end", "tier", "label"]].values.tolist()
    [[0.5, 1.25, 'label', 'angry']]
    """
    from featser.annotation.annotation_files import read_annotation as read

    return read(file, recording=recording, tier=tier)


@validated()
def write_annotation(
    intervals: pd.DataFrame, file: str | Path, *, tier: str | None = None
) -> list[str]:
    """Write labelled intervals for Praat, ELAN, Audacity, RTTM, CSV or audformat.

    Parameters
    ----------
    intervals : DataFrame
        ``start`` and ``end`` (seconds), and ``file``, ``tier``, ``label`` and further columns where
        there are any, as :func:`read_annotation` returns them.
    file : str or Path
        The file to write, whole or not at all; its ending says the format. A name without ending is
        the folder of a new audformat database.
    tier : str, optional
        The only tier to write.

    Returns
    -------
    list of str
        What the format cannot hold and is left out: further columns. CSV holds everything.

    Raises
    ------
    AnnotationError
        If the format cannot hold the intervals: several recordings or tiers, intervals of a tier
        that overlap, points, or missing labels.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"start": [0.0, 1.5], "end": [1.5, 2.0], "label": ["calm", "angry"]}
    >>> write_annotation(pd.DataFrame(rows), "talk.TextGrid", tier="label")
    []
    >>> read_annotation("talk.TextGrid")["label"].tolist()
    ['calm', 'angry']
    """
    from featser.annotation.annotation_files import write_annotation as write

    return write(intervals, file, tier=tier)
