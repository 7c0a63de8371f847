"""Synthetic corpora laid out as IEMOCAP and MSP-IMPROV: recordings, rating files, missing ratings.

Both corpora are available only from their owners. These replace them to test files, cards, recipes,
masks and figures: names, folders and lists are those of the real ones, the voices are synthetic,
and what a rater perceives is declared here. They show that the software works, and nothing about
people. ``python reports/rated_corpora.py FOLDER`` writes FOLDER/iemocap and FOLDER/msp-improv.

An utterance has two parts. Arousal moves level and range of pitch in the first, valence moves
height of pitch and brightness in the second; in the other part the same things vary by chance.
Dominance and naturalness follow both and otherwise chance, which is in no recording.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import soundfile
from scipy.signal import resample_poly

from featser.corpora.synthetic.synthesizer import RATE, Speaker, Style, synthesise
from featser.io.atomic_write import write_text

PER_SPEAKER = {"iemocap": 40, "msp-improv": 34}
"""Utterances of each speaker: 400 and 408 in all."""

DIMENSIONS = ("arousal", "valence", "dominance")
NATURALNESS = "naturalness"
MADE_OF = {"arousal": (1.0, 0.0), "valence": (0.0, 1.0), "dominance": (0.6, 0.3),
           NATURALNESS: (-0.3, 0.6)}  # fmt: skip
"""What each rating follows: arousal and valence, and chance for the rest of its variance."""

ABSENT = {"valence": 0.05, "dominance": 0.1, NATURALNESS: 0.2}
"""The share of utterances that lack a rating in the corpus laid out as MSP-IMPROV."""

UNRATED, NO_DOMINANCE = 0.03, 0.1
"""The shares that have no entry, and no dominance, in the corpus laid out as IEMOCAP."""

RATER_SD = 0.55
"""Standard deviation of what one rater adds to an utterance, in points of the scale."""


@dataclass(frozen=True, eq=False)
class Spoken:
    """An utterance with what it is to be rated.

    Attributes
    ----------
    samples : ndarray of float32
        At 16 kHz.
    turn : float
        Where the second part begins, in seconds.
    perceived : dict of str to float
        Rating → what raters perceive of it, mean 0, standard deviation 1.
    """

    samples: npt.NDArray[np.float32]
    turn: float
    perceived: dict[str, float]

    @property
    def emotion(self) -> str:
        """The category that arousal and valence amount to."""
        arousal, valence = self.perceived["arousal"], self.perceived["valence"]
        if valence > 0.4:
            return "happy"
        if valence < -0.2 and abs(arousal) > 0.3:
            return "angry" if arousal > 0 else "sad"
        return "neutral"


def write_iemocap(
    folder: Path, per_speaker: int = PER_SPEAKER["iemocap"], seed: int = 0, sessions: int = 5
) -> pd.DataFrame:
    """Write a corpus laid out as IEMOCAP: sessions of two speakers, a dialogue for 10 turns each.

    Parameters
    ----------
    folder : Path
        The output folder, which is created if it does not exist.
    per_speaker : int
        Utterances of each speaker.
    seed : int
        The same seed gives the same bytes; another seed other speakers.
    sessions : int
        How many; IEMOCAP has 5.

    Returns
    -------
    DataFrame
        For each recording ``name`` (without ending), ``speaker``, ``turn`` (s), ``seconds``, and
        the mean of the raters for each dimension, NaN where there is none.
    """
    rows, sheets = [], {}
    for index, (session, letter, number) in enumerate(_turns(sessions, per_speaker)):
        rng = np.random.default_rng([seed, 1, index])
        dialogue = f"Ses0{session}F_impro{number // 10 + 1:02d}"
        name = f"{dialogue}_{letter}{number % 10:03d}"
        spoken = _speak(_voice(seed, session, letter), rng)
        _record(folder / f"Session{session}/sentences/wav/{dialogue}/{name}.wav", spoken, RATE)
        ratings = _ratings(spoken, DIMENSIONS, 2, rng)
        if rng.random() < NO_DOMINANCE:
            ratings["dominance"] = np.full(2, np.nan)
        if unrated := rng.random() < UNRATED:
            ratings = dict.fromkeys(DIMENSIONS, np.full(2, np.nan))
        sheet = sheets.setdefault((session, dialogue), [IEMOCAP_HEAD])
        if not unrated:
            sheet.append(_iemocap_entry(name, 10.0 * len(sheet), spoken, ratings))
        rows.append(_row(name, f"Ses0{session}{letter}", spoken, ratings))
    for (session, dialogue), entries in sheets.items():
        place = folder / f"Session{session}/dialog/EmoEvaluation/{dialogue}.txt"
        write_text(place, "\n".join(entries))
    return pd.DataFrame(rows)


IEMOCAP_HEAD = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"
IEMOCAP_CODES = {"angry": "ang", "happy": "hap", "neutral": "neu", "sad": "sad"}


def _iemocap_entry(
    name: str, start: float, spoken: Spoken, ratings: dict[str, npt.NDArray[np.float64]]
) -> str:
    """Return an utterance's lines; a missing rating is empty, and their mean then 0."""
    mean = {
        key: 0.0 if np.isnan(values).all() else values.mean() for key, values in ratings.items()
    }
    end = start + len(spoken.samples) / RATE
    numbers = ", ".join(f"{mean[key]:.4f}" for key in ("valence", "arousal", "dominance"))
    code = IEMOCAP_CODES[spoken.emotion]
    lines = [f"[{start:.4f} - {end:.4f}]\t{name}\t{code}\t[{numbers}]"]
    for rater in range(2):
        val, act, dom = (
            "" if np.isnan(ratings[key][rater]) else f"{ratings[key][rater]:.0f}"
            for key in ("valence", "arousal", "dominance")
        )
        lines.append(f"C-E{rater + 2}:\t{spoken.emotion.title()};\t()")
        lines.append(f"A-E{rater + 3}:\tval {val}; act {act}; dom  {dom};\t()")
    return "\n".join([*lines, ""])


def write_msp_improv(
    folder: Path, per_speaker: int = PER_SPEAKER["msp-improv"], seed: int = 0, sessions: int = 6
) -> pd.DataFrame:
    """Write a corpus laid out as MSP-IMPROV: sessions of two speakers, one list of ratings.

    Parameters
    ----------
    folder, per_speaker, seed, sessions
        As :func:`write_iemocap` has them; MSP-IMPROV has 6 sessions.

    Returns
    -------
    DataFrame
        As :func:`write_iemocap`'s, with ``naturalness``.
    """
    rows, entries = [], []
    four = (*DIMENSIONS, NATURALNESS)
    for index, (session, letter, number) in enumerate(_turns(sessions, per_speaker)):
        rng = np.random.default_rng([seed, 2, index])
        spoken = _speak(_voice(seed, session, letter), rng)
        speaker, sentence = f"{letter}0{session}", number % 20 + 1
        target = "AHNS"[int(rng.integers(4))]
        both = f"{letter}{'M' if letter == 'F' else 'F'}"
        name = f"S{sentence:02d}{target}-{speaker}-P-{both}{number // 20 + 1:02d}"
        place = f"session{session}/S{sentence:02d}{target}/P/MSP-IMPROV-{name}.wav"
        _record(folder / place, spoken, 44_100)
        ratings = _ratings(spoken, four, 5, rng)
        absent = {key: np.full(5, np.nan) for key, share in ABSENT.items() if rng.random() < share}
        ratings |= absent
        entries.append(_msp_entry(name, spoken, ratings))
        rows.append(_row(f"MSP-IMPROV-{name}", speaker, spoken, ratings))
    write_text(folder / "Evalution.txt", "\n".join(entries))
    return pd.DataFrame(rows)


def _msp_entry(name: str, spoken: Spoken, ratings: dict[str, npt.NDArray[np.float64]]) -> str:
    """Return an utterance's lines; a missing rating is NaN."""
    letter = {"arousal": "A", "valence": "V", "dominance": "D", NATURALNESS: "N"}

    def formatted(values: Sequence[float]) -> str:
        parts = zip(letter.values(), values, strict=True)
        return " ".join(f"{key}:{'NaN' if np.isnan(v) else f'{v:.6f}'};" for key, v in parts)

    code, word = spoken.emotion[0].upper(), spoken.emotion.title()
    mean = [float(ratings[key].mean()) for key in letter]
    lines = [f"UTD-IMPROV-{name}.avi; {code}; {formatted(mean)}"]
    lines += [
        f"WORKER{rater:08d}; {word}; {word}; "
        f"{formatted([float(ratings[key][rater]) for key in letter])}"
        for rater in range(5)
    ]
    return "\n".join([*lines, ""])


def _turns(sessions: int, per_speaker: int) -> Iterator[tuple[int, str, int]]:
    """Yield session, letter and number of all utterances; a session has a woman and a man."""
    return product(range(1, sessions + 1), "FM", range(per_speaker))


def _voice(seed: int, session: int, letter: str) -> tuple[Speaker, float]:
    """Return a speaker's voice, and how much louder than others the speaker is, in dB."""
    rng = np.random.default_rng([seed, 0, session, ord(letter)])
    woman = letter == "F"
    voice = Speaker(
        f0=float(rng.uniform(170, 240) if woman else rng.uniform(95, 145)),
        tract=float(rng.uniform(0.81, 0.89) if woman else rng.uniform(0.94, 1.05)),
        rate=float(rng.uniform(4.0, 5.0)),
        tilt=float(rng.uniform(0.4, 0.65)),
        breath=float(rng.uniform(0.03, 0.1)),
    )
    return voice, float(rng.normal(0.0, 2.0))


def _speak(speaker: tuple[Speaker, float], rng: np.random.Generator) -> Spoken:
    """Return an utterance of 0.7 to 1.4 s."""
    voice, louder = speaker
    arousal, valence = np.clip(rng.normal(size=2), -2.3, 2.3)
    perceived = {}
    for name, (of_arousal, of_valence) in MADE_OF.items():
        chance = np.sqrt(1 - of_arousal**2 - of_valence**2)
        perceived[name] = float(of_arousal * arousal + of_valence * valence + chance * rng.normal())
    by_chance = rng.normal(size=4)
    first = Style(
        energy=louder + 4.0 * float(arousal),
        range=2.0 * float(np.exp(0.4 * arousal)),
        f0=float(np.exp(0.12 * by_chance[0])),
        tilt=-0.1 * float(by_chance[1]),
    )
    second = Style(
        energy=louder + 4.0 * float(by_chance[2]),
        range=2.0 * float(np.exp(0.4 * by_chance[3])),
        f0=float(np.exp(0.12 * valence)),
        tilt=-0.1 * float(valence),
    )
    lengths = rng.uniform(0.35, 0.7, size=2)
    parts = [
        synthesise(voice, style, rng, seconds=float(seconds), snr=30.0).samples
        for style, seconds in zip((first, second), lengths, strict=True)
    ]
    return Spoken(np.concatenate(parts), len(parts[0]) / RATE, perceived)


def _ratings(
    spoken: Spoken, names: Sequence[str], raters: int, rng: np.random.Generator
) -> dict[str, npt.NDArray[np.float64]]:
    """Return what each rater says, 1 to 5; half of the utterances lie within a point of 3."""
    return {
        name: np.clip(
            np.rint(3 + 0.9 * spoken.perceived[name] + rng.normal(0, RATER_SD, raters)), 1.0, 5.0
        )
        for name in names
    }


def _record(place: Path, spoken: Spoken, rate: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    samples = spoken.samples
    if rate != RATE:
        samples = np.clip(resample_poly(samples, rate // 100, RATE // 100), -0.999, 0.999)
    soundfile.write(place, samples, rate, subtype="PCM_16")


def _row(
    name: str, speaker: str, spoken: Spoken, ratings: dict[str, npt.NDArray[np.float64]]
) -> dict[str, str | float]:
    seconds = len(spoken.samples) / RATE
    means = {key: float(values.mean()) for key, values in ratings.items()}
    return {"name": name, "speaker": speaker, "turn": spoken.turn, "seconds": seconds, **means}


def main() -> None:
    """Write both corpora."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write_corpora(parser.parse_args().folder)


def write_corpora(folder: Path) -> dict[str, pd.DataFrame]:
    """Write both corpora and return what :func:`write_iemocap` returns of each, by its card."""
    return {
        "iemocap": write_iemocap(folder / "iemocap"),
        "msp-improv": write_msp_improv(folder / "msp-improv"),
    }


if __name__ == "__main__":
    main()
