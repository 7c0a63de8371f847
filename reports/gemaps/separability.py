"""Compare emotion recognition with gemaps and with openSMILE's egemaps: paired differences of UAR.

Run ``python reports/gemaps/separability.py CORPORA`` (a quarter of an hour on one core), where
CORPORA holds ``banglaser/``, ``ravdess/`` and ``emodb/``. For each corpus and way of normalising,
``svm`` is fitted on the same speaker-independent folds with the one and with the other, alone and
beside ``handcrafted``. The difference of the two UARs over all out-of-fold predictions has a 95 %
interval by bootstrap: the same speakers are drawn for both. Features and runs go to ``--work``;
``reports/gemaps/separability.md`` is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import featser
from featser.evaluation.metrics import uar

HERE = Path(__file__).resolve().parent
CORPORA = ("banglaser", "ravdess", "emodb")
NORMS = ("none", "transductive")
BESIDE: tuple[tuple[str, ...], ...] = (("handcrafted",), ())
DRAWS = 2000
