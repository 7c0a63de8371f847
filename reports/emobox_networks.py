"""What EmoBox published of ten frozen pretrained networks, for ``reports/emobox.py``.

Ma et al., "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and Benchmark",
INTERSPEECH 2024 (arXiv:2406.07162), Table 4: a small classifier is fitted on the frozen embedding
of each network. Numbers of parameters are those of the publications named. Where we found no
published number, there is none.
"""

from __future__ import annotations

from typing import NamedTuple

CITATION = (
    "Ma et al., EmoBox, INTERSPEECH 2024, Table 4 ([arXiv:2406.07162]"
    "(https://arxiv.org/abs/2406.07162))"
)
WAVLM = "[Chen et al. 2022](https://arxiv.org/abs/2110.13900)"
EMOTION2VEC = "[Ma et al. 2024, emotion2vec](https://arxiv.org/abs/2312.15185)"
WHISPER = "[OpenAI](https://github.com/openai/whisper), encoder and decoder"


class Network(NamedTuple):
    """A network and its figures.

    Attributes
    ----------
    name : str
    emodb, ravdess : float
        UAR in percent, the mean over folds.
    millions : float or None
        Parameters of the network in millions, as published; None where we found no number.
    source : str
        Who published the number of parameters, in Markdown; empty where there is none.
    """

    name: str
    emodb: float
    ravdess: float
    millions: float | None = None
    source: str = ""


NETWORKS = (
    Network("wav2vec 2.0 base", 82.06, 54.33, 95.04, WAVLM),
    Network("HuBERT base", 87.73, 65.43, 94.68, WAVLM),
    Network("HuBERT large", 89.81, 70.00, 316.61, WAVLM),
    Network("WavLM base", 87.03, 61.56, 94.70, WAVLM),
    Network("WavLM large", 92.58, 72.00, 316.62, WAVLM),
    Network("data2vec base", 58.12, 51.92, 93.75, EMOTION2VEC),
    Network("data2vec large", 60.96, 59.30),
    Network("data2vec 2.0 base", 75.07, 64.66, 93.78, EMOTION2VEC),
    Network("data2vec 2.0 large", 79.36, 71.15),
    Network("Whisper large v3", 91.26, 75.32, 1550, WHISPER),
)
"""In the order of the publication."""
