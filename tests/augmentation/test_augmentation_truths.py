"""Each kind of augmentation on signals whose outcome is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, sosfilt, welch

from featser.audio import PEAK, Signal, read_audio
from featser.augmentation.babble import add_babble
from featser.augmentation.codec import pass_codec
from featser.augmentation.gain import change_gain
from featser.augmentation.level import speech_power
from featser.augmentation.noise import add_noise
from featser.augmentation.reverb import SPEED, Room, add_reverb, draw_room, room_response
from featser.augmentation.spec import parse_augmentation
from featser.augmentation.stretch import shift_pitch, stretch_time
from featser.augmentation.telephone import pass_telephone, quantised
from featser.augmentation.vocal_tract import warp_vocal_tract
from tests.augmentation.augmented_sounds import (
    active_level,
    decibels,
    harmonics,
    loudness,
    median_pitch,
    pitch_of,
    rng,
    snr_of,
    tone,
    words,
)
from tests.features.gemaps_signals import RATE, pulses, vowel

pytestmark = pytest.mark.slow

FORMANTS = (600.0, 1500.0, 2500.0, 3500.0)


def test_the_level_of_speech_is_that_of_p56():
    for signal in (words(), Signal(words().samples * np.float32(0.05), RATE)):
        ours = decibels(speech_power(signal.samples, RATE))
        assert ours == pytest.approx(active_level(signal.samples, RATE), abs=0.1)


def test_silence_around_speech_does_not_change_its_level():
    samples = words().samples
    around = np.concatenate((np.zeros(20_000, np.float32), samples, np.zeros(40_000, np.float32)))
    ratio = speech_power(around, RATE) / speech_power(samples, RATE)
    assert decibels(ratio) == pytest.approx(0, abs=0.02)


def test_the_level_of_steady_sound_is_its_power_and_a_click_or_nothing_has_one():
    steady = tone(200, 3.0).samples
    assert decibels(speech_power(steady, RATE) / np.mean(steady**2)) == pytest.approx(0, abs=0.1)
    click = np.zeros(1600, np.float32)
    assert speech_power(click, RATE) == 0
    click[800] = 0.5
    assert 0 < speech_power(click, RATE) < 0.25


# Noise and babble


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("snr", [-5.0, 10.0, 40.0])
def test_noise_reaches_the_asked_ratio_to_active_speech(colour, snr):
    speech = Signal(words().samples * np.float32(0.3), RATE)
    assert snr_of(speech, add_noise(speech, snr, colour, rng())) == pytest.approx(snr, abs=0.1)


def slope_of(colour: str) -> tuple[float, float]:
    """Decibels by octave from 50 Hz to 6 kHz, and the power below 15 Hz against that near 50."""
    quiet = tone(1000, 20.0, height=1e-3)
    noise = add_noise(quiet, 0, colour, rng()).samples - quiet.samples
    frequencies, power = welch(noise, RATE, nperseg=8192)
    edges = 50 * 2 ** np.arange(0, 7)
    inside = [(frequencies >= a) & (frequencies < 2 * a) for a in edges]
    octaves = [decibels(np.mean(power[band])) for band in inside]
    low = np.mean(power[(frequencies > 3) & (frequencies < 15)]) / np.mean(power[inside[0]])
    return float(np.polyfit(np.arange(7), octaves, 1)[0]), decibels(low)


def test_white_noise_is_flat_and_pink_noise_falls_3_db_each_octave_from_20_hz():
    white, _ = slope_of("white")
    pink, below = slope_of("pink")
    assert white == pytest.approx(0, abs=0.15)
    assert pink == pytest.approx(-3.01, abs=0.15)
    assert below < -15


def test_babble_reaches_the_asked_ratio_with_talkers_equally_loud():
    speech = Signal(words().samples * np.float32(0.3), RATE)
    loud, quiet = tone(500, 0.7), tone(2000, 0.4, 8000, height=0.003)
    mixed = add_babble(speech, 10, (loud, quiet), rng())
    assert snr_of(speech, mixed) == pytest.approx(10, abs=0.1)
    spectrum = np.abs(np.fft.rfft(mixed.samples - speech.samples)) ** 2
    near = np.fft.rfftfreq(len(speech.samples), 1 / RATE) / 500
    ratio = (
        spectrum[(near > 0.9) & (near < 1.1)].sum() / spectrum[(near > 3.8) & (near < 4.2)].sum()
    )
    assert decibels(ratio) == pytest.approx(0, abs=0.5)


# Gain


def test_gain_is_what_was_asked_or_what_the_peaks_allow():
    signal = tone(200, height=0.5)
    quiet = change_gain(signal, -12).samples / signal.samples.max()
    assert quiet.max() == pytest.approx(10 ** (-12 / 20), rel=1e-5)
    loud = change_gain(signal, 20)
    assert loud.samples.max() <= PEAK
    assert np.abs(loud.samples).max() == pytest.approx(PEAK, abs=1e-4)
    shape = signal.samples / signal.samples.max()
    assert np.allclose(loud.samples / loud.samples.max(), shape, atol=1e-5)


# Pitch and tempo


@pytest.mark.parametrize("semitones", [-12.0, -2.0, 2.0, 7.0])
@pytest.mark.parametrize("rate", [8000, RATE, 44_100])
def test_pitch_moves_by_the_asked_semitones_and_the_duration_stays(semitones, rate):
    signal = harmonics(200, rate=rate)
    shifted = shift_pitch(signal, semitones)
    assert len(shifted.samples) == len(signal.samples)
    assert pitch_of(shifted) == pytest.approx(200 * 2 ** (semitones / 12), rel=0.001)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.1, 2.0])
def test_tempo_changes_the_duration_and_the_pitch_stays(factor):
    signal = harmonics(200)
    stretched = stretch_time(signal, factor)
    assert len(stretched.samples) == round(len(signal.samples) / factor)
    assert pitch_of(stretched) == pytest.approx(200, rel=0.001)


def test_sounds_stay_in_their_places():
    samples = harmonics(200, 1.0).samples.copy()
    samples[:8000] = 0
    samples[11_200:] = 0

    def middle(signal: Signal) -> float:
        power = signal.samples.astype(float) ** 2
        return float(np.sum(power * np.arange(len(power))) / power.sum() / signal.rate)

    burst = Signal(samples, RATE)
    assert middle(burst) == pytest.approx(0.6, abs=0.001)
    assert middle(shift_pitch(burst, 3)) == pytest.approx(0.6, abs=0.005)
    assert middle(stretch_time(burst, 0.8)) == pytest.approx(0.75, abs=0.005)
    assert middle(warp_vocal_tract(burst, 1.1)) == pytest.approx(0.6, abs=0.005)


# Vocal tract


def formants_of(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Angles of the poles of linear prediction, pre-emphasised, of a stretch in the middle."""
    part = samples[4000:8000].astype(float)
    part = np.append(part[0], part[1:] - 0.97 * part[:-1]) * np.hamming(len(part))
    lags = np.correlate(part, part, "full")[len(part) - 1 :][:13]
    poles = np.roots(np.append(1, -solve_toeplitz(lags[:-1], lags[1:])))
    poles = poles[(poles.imag > 0) & (-np.log(np.abs(poles)) * RATE / np.pi < 500)]
    return np.sort(np.angle(poles) * RATE / (2 * np.pi))[:4]


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_formants_move_by_the_factor_and_the_pitch_stays(factor):
    source = pulses(110, 0.8)
    before = vowel(source, FORMANTS)
    after = warp_vocal_tract(Signal(before, RATE), factor).samples
    moved = formants_of(after) / formants_of(before)
    assert moved == pytest.approx(np.full(4, factor), rel=0.04)
    lags = np.arange(100, 200)
    for samples in (before, after):
        part = samples[3000:9000].astype(float)
        alike = [np.sum(part[:-lag] * part[lag:]) for lag in lags]
        assert RATE / lags[int(np.argmax(alike))] == pytest.approx(110, rel=0.01)


def test_a_vocal_tract_as_long_as_before_changes_nothing():
    signal = words()
    assert warp_vocal_tract(signal, 1.0).samples == pytest.approx(signal.samples, abs=1e-6)


# Room


@pytest.mark.parametrize("rt60", [0.2, 0.5, 1.0])
def test_the_reverberation_time_is_what_was_asked(rt60):
    times_s = []
    for seed in range(4):
        room = draw_room(1.0, rng(seed))
        later = room_response(room, rt60, RATE, rng(seed))[1:]
        decay = 10 * np.log10(np.cumsum(later[::-1] ** 2)[::-1])
        decay -= decay[0]
        fitted = (decay <= -5) & (decay >= -25)
        times_s.append(-60 / np.polyfit(np.arange(len(later))[fitted] / RATE, decay[fitted], 1)[0])
    assert np.mean(times_s) == pytest.approx(rt60, rel=0.1)


def test_the_direct_sound_comes_first_then_the_nearest_wall():
    room = Room((6.0, 5.0, 3.0), (2.0, 2.5, 0.5), (4.0, 2.5, 0.5))
    rate, rt60 = 48_000, 0.4
    response = room_response(room, rt60, rate, rng())
    assert response[0] == 1
    # The path over the floor is √(2² + 1²) m instead of 2 m.
    later = round((np.sqrt(5) - 2) / SPEED * rate)
    # Before it only the high-pass response to silence, and the pulse's first lobes.
    assert np.abs(response[1 : later - 17]).max() < 1e-9
    assert int(np.argmax(np.abs(response[1 : later + 40]))) + 1 == pytest.approx(later, abs=1)
    reflectance = np.exp(-3 * np.log(10) * 4 * room.volume / (SPEED * room.surface * rt60))
    band = response[later - 17 : later + 17].sum()
    assert band == pytest.approx(2 / np.sqrt(5) * reflectance, rel=0.15)


def test_talker_and_microphone_stand_inside_the_room_at_the_asked_distance():
    for seed in range(50):
        distance = float(rng(seed).uniform(0.2, 3))
        room = draw_room(distance, rng(seed))
        assert room.distance == pytest.approx(distance)
        for place in (room.talker, room.microphone):
            sides = zip(place[:2], room.size[:2], strict=True)
            assert all(0.5 <= at <= side - 0.499 for at, side in sides)


def test_speech_in_a_room_keeps_its_direct_sound_and_its_beginning():
    samples = np.zeros(8000, np.float32)
    samples[2000] = 0.5
    wet = add_reverb(Signal(samples, RATE), 0.3, 0.5, rng()).samples
    assert np.abs(wet[:2000]).max() < 1e-6
    assert int(np.argmax(np.abs(wet))) == 2000
    assert wet[2000] == pytest.approx(0.5, abs=1e-5)
    assert np.abs(wet[2001:4000]).max() > 1e-3


# Telephone and codecs


def test_a_telephone_passes_its_band_and_nothing_else():
    def passed(hertz: float) -> float:
        signal = tone(hertz)
        out = pass_telephone(signal, "mu")
        spectrum = np.abs(np.fft.rfft(out.samples * np.hanning(len(out.samples))))
        before = np.abs(np.fft.rfft(signal.samples * np.hanning(len(out.samples))))
        return decibels((spectrum[round(hertz)] / before[round(hertz)]) ** 2)

    for hertz in (400, 1000, 2000, 3300):
        assert passed(hertz) == pytest.approx(0, abs=0.3)
    for hertz in (100, 200, 3600, 3900, 5000):
        assert passed(hertz) < -40
    noise = Signal((rng().standard_normal(RATE) * 0.1).astype(np.float32), RATE)
    frequencies, power = welch(pass_telephone(noise, "a").samples, RATE, nperseg=1024)
    in_band = power[(frequencies > 500) & (frequencies < 3000)].mean()
    assert decibels(power[frequencies > 4200].max() / in_band) < -40


def test_a_telephone_does_not_delay():
    speech = words()
    narrow = sosfilt(butter(4, (300, 3400), "bandpass", fs=RATE, output="sos"), speech.samples)
    out = pass_telephone(speech, "mu").samples
    assert _lag(speech.samples, out) == 0
    assert np.sqrt(np.mean(out**2) / np.mean(narrow**2)) == pytest.approx(1, abs=0.1)


def test_quantisation_is_that_of_g711():
    exponent, mantissa = np.divmod(np.arange(128), 16)
    mu = ((2 * mantissa + 33 << exponent) - 33) * 4
    a = np.where(exponent == 0, 16 * mantissa + 8, (16 * mantissa + 264) << (exponent - 1).clip(0))
    for law, positive in (("mu", mu), ("a", a)):
        levels = np.unique(np.concatenate((-positive, positive)))
        got = quantised(law) * 32768
        assert np.array_equal(np.unique(got), levels)
        assert np.array_equal(got[levels + 32768], levels)
        assert np.all(np.diff(got) >= 0)


def _lag(before: NDArray[np.float32], after: NDArray[np.float32]) -> int:
    points = 2 * len(before)
    alike = np.fft.irfft(np.conj(np.fft.rfft(before, points)) * np.fft.rfft(after, points), points)
    at = int(np.argmax(alike))
    return at if at < points // 2 else at - points


@pytest.mark.parametrize("rate", [8000, 11_025, RATE, 44_100])
@pytest.mark.parametrize("name", ["adpcm", "gsm", "mp3", "ulaw", "vorbis"])
def test_what_a_codec_gives_back_is_in_step_but_not_the_same(name, rate):
    speech = words().resampled(rate)
    quality = 0.5 if name in ("mp3", "vorbis") else None
    decoded = pass_codec(speech, name, quality).samples
    assert _lag(speech.samples, decoded) == 0
    # GSM keeps the spectrum and the pitch rather than the waveform.
    least = 0.6 if name == "gsm" else 0.9
    assert least < np.corrcoef(speech.samples, decoded)[0, 1] < 1
    assert not np.array_equal(speech.samples, decoded)


@pytest.mark.parametrize(
    "text", ["telephone", "codec:name=gsm", "codec:name=mp3,quality=0.3", "codec:name=ulaw"]
)
def test_a_quiet_recording_suffers_no_more_than_a_loud_one(text):
    augmentation, loud = parse_augmentation(text), words()
    quiet = Signal(loud.samples * np.float32(2**-8), RATE)
    a = augmentation.apply(loud, "a", 0).samples
    b = augmentation.apply(quiet, "a", 0).samples * np.float32(2**8)
    assert np.sqrt(np.mean((a - b) ** 2) / np.mean((a - loud.samples) ** 2)) < 0.05


@pytest.mark.parametrize("name", ["mp3", "vorbis"])
def test_a_better_quality_is_nearer(name):
    speech = words()
    apart = [
        np.mean((pass_codec(speech, name, quality).samples - speech.samples) ** 2)
        for quality in (0.05, 0.5, 1.0)
    ]
    assert apart[0] > apart[1] > apart[2]


# Real recordings


@pytest.fixture(scope="module")
def speech(real_recordings) -> list[Signal]:
    return [read_audio(file).cut(0.5, 2.0) for file in real_recordings[::5]]


@pytest.mark.corpora
def test_real_speech_reaches_the_asked_snr(speech):
    for number, signal in enumerate(speech):
        quiet = Signal(signal.samples * np.float32(0.1), RATE)
        noisy = parse_augmentation("noise:snr=15").apply(quiet, str(number), 0)
        noise = np.mean((noisy.samples - quiet.samples).astype(float) ** 2)
        assert decibels(speech_power(quiet.samples, RATE) / noise) == pytest.approx(15, abs=0.05)
    assert snr_of(quiet, noisy) == pytest.approx(15, abs=0.1)


@pytest.mark.corpora
def test_real_speech_has_the_pitch_that_was_asked(speech):
    for text, change in (
        ("pitch:semitones=2", 2.0),
        ("pitch:semitones=-2", -2.0),
        ("stretch:rate=0.85", 0.0),
        ("vtl:factor=1.1", 0.0),
    ):
        augmentation = parse_augmentation(text)
        copies = [augmentation.apply(one, "a", 0) for one in speech]
        moved = [median_pitch(a) - median_pitch(b) for a, b in zip(copies, speech, strict=True)]
        assert np.median(moved) == pytest.approx(change, abs=0.15), text


@pytest.mark.corpora
@pytest.mark.parametrize(
    "text",
    [
        "babble:snr=15,talkers=3",
        "codec:name=gsm",
        "codec:name=mp3",
        "gain",
        "noise:snr=15",
        "pitch",
        "reverb:rt60=0.3,distance=1",
        "stretch",
        "telephone",
        "vtl",
    ],
)
def test_real_speech_keeps_its_course_of_loudness(speech, text):
    augmentation = parse_augmentation(text)
    for number, signal in enumerate(speech):
        donors = (speech * 2)[number + 1 :][: augmentation.donors]
        copy = augmentation.apply(signal, str(number), 0, donors)
        before, after = loudness(signal), loudness(copy)
        if augmentation.kind == "stretch":
            places = np.linspace(0, len(after) - 1, len(before))
            after = np.interp(places, np.arange(len(after)), after)
        assert np.corrcoef(before, after)[0, 1] > 0.8
