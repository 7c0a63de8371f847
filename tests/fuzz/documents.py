"""Hostile YAML: cards and recipes with odd values, structures and bytes."""

from __future__ import annotations

import numpy as np

from tests.fuzz.case import Case
from tests.fuzz.damage import damaged
from tests.fuzz.hostile import HOSTILE
from tests.fuzz.material import corpus

CARD = """\
name: mine
title: A corpus
language: en
licence: CC0
citation: none needed
source: unknown
grammar:
  pattern: (?P<speaker>[a-z0-9]+)-(?P<emotion>[a-z]+)-normal-(?P<take>[0-9])
  example: f1-angry-normal-1
labels:
  speaker: "{speaker}"
  emotion: "{emotion}"
  gender:
    value: "{speaker}"
    codes: {f1: female, f2: female, m1: male, m2: male}
primary: emotion
tasks:
  emotion: {kind: classification, classes: [angry, neutral]}
expected: {utterances: 32}
"""
RECIPE = """\
name: mine
title: A recipe
corpora: [demo]
features: [mfcc, zcr:basic]
tasks: [emotion, gender]
primary: emotion
model: logistic
protocols: [speaker-independent]
labels: {emotion: {happy: neutral}}
seed: 0
"""
VALUES = (
    "[]", "{}", "null", "~", "[[[[[[]]]]]]", "{a: {b: {c: {}}}}", "1e400", ".nan", ".inf", "0o17",
    "-1", "2024-01-01", "2024-99-99", "!!python/object/apply:os.system [ls]", "!!binary aGk=",
    "!!set {a, b}", "!!timestamp x", "&a [*a]", "*absent", "? a", "|", ">", "<<: *x", "{1: 2}",
    "{[a]: b}", "{null: 1}", "{true: 1}", "yes", "'", '"', "([a-z]+)+$", "(?P<speaker>",
    "(?P<a>(a+)+)b",
    "[" * 3000, "{a: " * 2000, "[a, a, a]", "99999999999999999999", "- a", "@", "%YAML 9.9", "---",
)  # fmt: skip
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
)


def hostile_documents(case: Case) -> None:
    """Change a card or a recipe, and scan by it or plan it."""
    rng = case.rng()
    is_card = bool(rng.random() < 0.5)
    text = CARD if is_card else RECIPE
    if case.seeds[0] % 50:  # now and then as it is: what is damaged must be valid
        text = _changed(text, rng)
    content = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.1 and text not in (CARD, RECIPE):
        content = damaged(content, rng)
    path = case.inputs / "mine.yaml"
    path.write_bytes(content)
    if is_card:
        case.run("scan", path, corpus(), "-o", "m.csv")
    else:
        case.run("run", path, "--dry-run", "-o", "run", "--data", f"demo={corpus()}")


def _changed(text: str, rng: np.random.Generator) -> str:
    lines = text.splitlines()
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(lines)))
        change = rng.integers(6)
        if change == 0:
            del lines[place]
        elif change == 1:
            lines.insert(place, lines[rng.integers(len(lines))] if lines else "")
        elif change == 2:
            lines[place] = "  " + lines[place]
        elif change == 3 and rng.random() < 0.2:
            lines.insert(place, BOMB)
        else:
            lines[place] = lines[place].split(":")[0] + ": " + _value(rng)
        lines = lines or [""]
    return "\n".join(lines) + "\n"


def _value(rng: np.random.Generator) -> str:
    if rng.random() < 0.7:
        return VALUES[rng.integers(len(VALUES))]
    return HOSTILE[rng.integers(len(HOSTILE))]
