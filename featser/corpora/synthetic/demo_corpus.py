"""The demo corpus: 384 synthetic utterances by which every part of featser can be tried.

Eight speakers say six takes in four emotions at two intensities. Emotions change what they are
known to change in speech (K. R. Scherer, "Vocal communication of emotion: A review of research
paradigms", Speech Communication 40, 2003): anger and joy raise the fundamental frequency, its
range, the rate and the level, sadness lowers them; anger flattens the spectrum, sadness makes it
steeper and breathier. Speakers differ by as much, and takes vary.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from featser.corpora.synthetic.synthesizer import RATE, Speaker, Style, Utterance, synthesise
from featser.errors import CardError
from featser.io.atomic_write import whole, write_text

SPEAKERS = {
    "f1": Speaker(f0=196, tract=0.86, rate=4.4, tilt=0.55, breath=0.07),
    "f2": Speaker(f0=222, tract=0.83, rate=5.0, tilt=0.40, breath=0.04),
    "f3": Speaker(f0=178, tract=0.89, rate=4.0, tilt=0.62, breath=0.10),
    "f4": Speaker(f0=240, tract=0.81, rate=4.7, tilt=0.48, breath=0.05),
    "m1": Speaker(f0=112, tract=1.00, rate=4.2, tilt=0.58, breath=0.04),
    "m2": Speaker(f0=132, tract=0.96, rate=4.9, tilt=0.42, breath=0.03),
    "m3": Speaker(f0=98, tract=1.05, rate=3.9, tilt=0.66, breath=0.06),
    "m4": Speaker(f0=145, tract=0.94, rate=4.6, tilt=0.50, breath=0.08),
}
"""Four women and four men."""

STYLES = {
    "neutral": Style(),
    "happy": Style(f0=1.28, range=5.5, rate=1.12, energy=3.0, tilt=-0.04, breath=1.0),
    "angry": Style(f0=1.16, range=3.4, rate=1.16, energy=5.0, tilt=-0.30, breath=0.5),
    "sad": Style(f0=0.92, range=1.2, rate=0.80, energy=-4.0, tilt=0.16, breath=2.6),
}
"""Each emotion at normal intensity."""

INTENSITIES = {"normal": 1.0, "strong": 1.8}
"""How far each intensity moves a style away from the neutral one, whose level alone it raises."""

TAKES = range(1, 7)
_NUMBERS = ("seconds", "mean_f0", "sd_f0", "f1", "f2", "f3", "snr", "syllables")
_TRUTH = ("file", "speaker", "emotion", "intensity", "take", *_NUMBERS)


def write_demo_corpus(folder: str | Path, seed: int = 0) -> Path:
    """Write the demo corpus.

    Parameters
    ----------
    folder : str or Path
        Where to; it is made when it does not exist. Files of the same names are replaced, others
        left alone.
    seed : int
        Seed of all that varies; the same seed gives the same bytes.

    Returns
    -------
    Path
        The folder, with 384 FLAC files (16 kHz, 16 bit, mono, 1.2 to 1.6 s) whose names the card
        ``demo`` reads, and ``truth.csv`` with what is true of each: duration (s), mean and standard
        deviation of F0 (Hz), mean formants of the voiced frames (Hz), signal-to-noise ratio (dB),
        number of syllables.

    Raises
    ------
    CardError
        If the folder is a file.
    """
    import soundfile

    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise CardError(f"{folder}: is a file: name another folder for the demo corpus")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_TRUTH)
    for name, utterance in demo_utterances(seed):
        with whole(folder / f"{name}.flac") as temporary:
            samples = np.rint(utterance.samples * 32767).astype(np.int16)
            soundfile.write(temporary, samples, RATE, subtype="PCM_16", format="FLAC")
        table.writerow([f"{name}.flac", *name.split("-"), *_truth(utterance)])
    write_text(folder / "truth.csv", text.getvalue())
    return folder


def demo_utterances(seed: int = 0) -> Iterator[tuple[str, Utterance]]:
    """Yield the name, without ending, and the samples of each utterance of the demo corpus.

    Each utterance has a random stream of its own, so that none depends on the others.
    """
    conditions = product(SPEAKERS, STYLES, INTENSITIES, TAKES)
    for index, (speaker, emotion, intensity, take) in enumerate(conditions):
        rng = np.random.default_rng([seed, index])
        style = vary(intensified(emotion, intensity), rng)
        utterance = synthesise(SPEAKERS[speaker], style, rng, seconds=rng.uniform(1.2, 1.6))
        yield f"{speaker}-{emotion}-{intensity}-{take}", utterance


def intensified(emotion: str, intensity: str) -> Style:
    """Return the style of an emotion at an intensity."""
    style, power = STYLES[emotion], INTENSITIES[intensity]
    return Style(
        f0=style.f0**power,
        range=2.0 * (style.range / 2.0) ** power,
        rate=style.rate**power,
        energy=style.energy * power + 6.0 * (power - 1),
        tilt=style.tilt * power,
        breath=style.breath**power,
    )


def vary(style: Style, rng: np.random.Generator) -> Style:
    """Return a style as one take has it: people do not say a thing twice in the same way."""
    f0, span, rate, breath = np.exp(rng.normal(0.0, [0.05, 0.15, 0.05, 0.25]))
    energy, tilt = rng.normal(0.0, [1.5, 0.04])
    return replace(
        style,
        f0=style.f0 * float(f0),
        range=style.range * float(span),
        rate=style.rate * float(rate),
        energy=style.energy + float(energy),
        tilt=style.tilt + float(tilt),
        breath=style.breath * float(breath),
    )


def _truth(utterance: Utterance) -> list[str]:
    voiced = ~np.isnan(utterance.f0)
    f0 = utterance.f0[voiced]
    formants = utterance.formants[voiced].mean(axis=0)
    numbers = [utterance.seconds, f0.mean(), f0.std(), *formants[:3], utterance.snr]
    return [f"{number:.3f}" for number in numbers] + [str(utterance.syllables)]
