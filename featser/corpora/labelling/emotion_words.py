"""Words for emotions, by which folders of classes are recognised."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

EMOTION_WORDS = frozenset((
    "aburrimiento", "admiration", "affection", "afraid", "alegre", "alegria", "alegría",
    "amused", "amusement", "ang", "anger", "angry", "angst", "annoyed", "anxiety", "anxious",
    "apathy", "asco", "asustado", "awe", "bonheur", "bored", "boredom", "calm", "calma",
    "calmness", "cheerful", "colère", "confused", "confusion", "contempt", "content",
    "depressed", "despair", "desprecio", "dis", "disappointed", "disappointment", "disgust",
    "disgusted", "disgusto", "dégoût", "ekel", "elated", "elation", "embarrassed",
    "embarrassment", "emotional", "enfadado", "enfado", "ennui", "enojado", "enojo",
    "enthusiastic", "excited", "excitement", "fea", "fear", "fearful", "felicidad",
    "felicidade", "feliz", "freude", "freudig", "fru", "frustrated", "frustration", "fröhlich",
    "furcht", "gelangweilt", "gioia", "glücklich", "grief", "guilt", "hap", "happiness",
    "happy", "hate", "hatred", "helpless", "heureuse", "heureux", "interest", "ira", "ironic",
    "irony", "irritated", "joie", "joy", "joyeux", "joyful", "langeweile", "love", "medo",
    "miedo", "nervous", "neu", "neutral", "neutre", "neutro", "nojo", "pain", "panic", "paura",
    "peur", "pleasant", "pleased", "pride", "proud", "rabbia", "raiva", "relaxed", "relief",
    "relieved", "ruhe", "ruhig", "sad", "sadness", "sarcasm", "sarcastic", "scared", "scham",
    "shame", "sleepy", "sorpresa", "sorrow", "stolz", "stress", "stressed", "surpresa",
    "surprise", "surprised", "tender", "tenderness", "tired", "trauer", "traurig", "triste",
    "tristesse", "tristeza", "tristezza", "verachtung", "verzweiflung", "verärgert", "worried",
    "wut", "wütend", "zorn", "zornig", "ängstlich", "ärger", "überrascht", "überraschung",
))  # fmt: skip
"""English, German, French, Spanish, Portuguese and Italian, in lower case and composed form."""


def emotion_words_in(name: str) -> list[str]:
    """Return the words for emotions in the name of a folder.

    Examples
    --------
    >>> emotion_words_in("03_Angry"), emotion_words_in("Actor_03")
    (['angry'], [])
    """
    plain = unicodedata.normalize("NFC", name).casefold()
    return [word for word in re.findall(r"[^\W\d_]+", plain) if word in EMOTION_WORDS]


def are_classes(names: Iterable[str]) -> bool:
    """Return whether names of folders are classes of emotion, at least half of them by their words.

    Examples
    --------
    >>> are_classes(["angry", "sad", "other"]), are_classes(["f1_angry", "f2_angry", "f1_sad"])
    (True, False)
    """
    distinct = sorted(set(names))
    words = [" ".join(own) for name in distinct if (own := emotion_words_in(name))]
    return len(set(words)) >= 2 and len(set(words)) == len(words) >= len(distinct) / 2
