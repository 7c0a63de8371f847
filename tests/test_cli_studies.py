"""``featser leakage`` and ``featser curve``: what they write, leave out, and what fit cannot do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from featser.api.curve import _plan, levels
from featser.errors import ProtocolError
from featser.evaluation.protocols.folds import Folds
from featser.evaluation.training_copies import Copies
from featser.experiment.runs.run_state import RunState, checksums
from featser.studies.deliberate_leak import predict_with_test_copies_in_training
from tests.evaluation.test_leak import EMOTION, FitRecorder
from tests.flow import featser_here
from tests.test_layers import PACKAGE, imports_of

pytestmark = pytest.mark.slow

WITHOUT_FITS = shutil.ignore_patterns("fits")
QUICK = ("--model", "lda", "--no-audit", "--jobs", "1", "-o")
FEW = "4 speakers: the interval is uncertain with fewer than 10 speakers"


@pytest.fixture(scope="module")
def augmented(voices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store has a copy of each recording."""
    folder = tmp_path_factory.mktemp("augmented")
    shown = featser_here(
        "extract",
        voices,
        "--corpus",
        "demo",
        "-f",
        "mfcc:basic",
        "--augment",
        "gain",
        "-j",
        "1",
        cwd=folder,
    )
    assert "augmented copies: 64 done" in shown.stdout, shown.stderr
    return folder


def test_the_table_says_what_leaks_and_what_the_data_do_not_allow(augmented: Path) -> None:
    shown = featser_here("leakage", *QUICK, "leaks", cwd=augmented)
    assert shown.returncode == 0, shown.stderr
    results = json.loads((augmented / "leaks" / "leakage.json").read_text(encoding="utf-8"))
    names = [row["name"] for row in results["rows"]]
    assert names == [
        "augmented, then split at random",
        "random, training recordings augmented",
        "random",
        "by speaker, training recordings augmented",
        "by speaker",
    ]
    assert "column `sentence`" in results["left_out"]["by speaker and sentence"]
    table = pd.read_csv(augmented / "leaks" / "leakage.csv")
    for row, line in zip(results["rows"], table.to_dict("records"), strict=True):
        assert row["utterances"] == 64, "no copy is scored, not even by mistake"
        assert line["uar"] == pytest.approx(row["uar"]["value"])
        assert row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]
        for page in ("leakage.md", "leakage.html"):
            text = (augmented / "leaks" / page).read_text(encoding="utf-8")
            assert row["leaks"] in text
            assert f"{row['uar']['value']:.3f}" in text
            assert FEW in text
    assert FEW in shown.stdout
    assert "altered copies of the test recordings themselves" in results["rows"][0]["leaks"]


def test_without_augmented_copies_their_rows_are_left_out_with_the_fix(extracted: Path) -> None:
    shown = featser_here("leakage", *QUICK, "leaks", cwd=extracted)
    assert shown.returncode == 0, shown.stderr
    left = "left out: augmented, then split at random: the store has no augmented copies"
    assert left in shown.stdout
    assert "featser extract … --augment" in shown.stdout
    refused = featser_here("leakage", "--primary", "happiness", *QUICK, "x", cwd=extracted)
    assert "unknown task 'happiness'" in refused.stderr


def test_auxiliary_corpora_of_a_recipe_are_left_out_and_named(
    extracted: Path, voices: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "with-aux.yaml"
    text = "name: mine\ncorpora: [demo]\nfeatures: [mfcc:basic]\ntasks: [emotion]\n"
    recipe.write_text(f"{text}model: logistic\naux: [nowhere]\n", encoding="utf-8")
    place = ("--data", f"demo={voices}")
    shown = featser_here(
        "leakage", recipe, *place, "--no-audit", "--jobs", "1", "-o", tmp_path / "leaks",
        cwd=extracted,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    words = " ".join((shown.stdout + shown.stderr).split())
    assert "auxiliary corpora of the recipe are left out of studies: nowhere" in words
    described = json.loads((tmp_path / "leaks" / "leakage.json").read_text("utf-8"))
    assert described["auxiliary_left_out"] == ["nowhere"]


def test_the_mistake_is_really_made_where_it_is_made_on_purpose() -> None:
    """Features state which of six recordings a row contains; each has two copies."""
    fits: list[dict[str, Any]] = []
    X = np.eye(6, dtype=np.float32)
    copies = Copies(np.concatenate([X, X]), np.arange(12)[:, None] % 6)
    label = pd.Series(["angry", "sad"] * 3)
    folds = Folds(np.arange(6) % 3)
    predictions = predict_with_test_copies_in_training(
        FitRecorder(fits), X, label, folds, EMOTION, copies
    )
    assert predictions.index.tolist() == list(range(6))
    assert any((fold["X"].any(axis=0) & fold["test"].any(axis=0)).any() for fold in fits)


@pytest.mark.slow
def test_fit_cannot_reach_the_mistake() -> None:
    files = {str(file.relative_to(PACKAGE)): file for file in PACKAGE.rglob("*.py")}
    name = "featser.studies.deliberate_leak"
    users = [at for at, file in files.items() if name in imports_of(file, at_run_time=False)]
    assert users == ["api/leakage.py"]
    reached, waiting = set(), ["featser.api.fit", "featser.cli.fit_command", "featser.api.demo"]
    while waiting:
        module = waiting.pop()
        path = module.removeprefix("featser.").replace(".", "/")
        file = files.get(f"{path}.py") or files.get(f"{path}/__init__.py")
        if module in reached or file is None:
            continue
        reached.add(module)
        waiting += [m for m in imports_of(file, at_run_time=False) if m.startswith("featser.")]
    assert "featser.evaluation.cross_fit" in reached
    assert name not in reached


def test_the_curve_fits_on_more_and_more_speakers_and_tests_the_same(
    extracted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "own"  # where no other test has fitted anything
    shutil.copytree(extracted / "featser-store", folder / "featser-store", ignore=WITHOUT_FITS)
    shown = featser_here("curve", *QUICK, "curve", "--draws", "2", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    curve = json.loads((folder / "curve" / "curve.json").read_text(encoding="utf-8"))
    points = curve["points"]
    assert [(point["speakers"], point["draws"]) for point in points] == [(2, 2), (3, 1)]
    assert [point["utterances"] for point in points] == [32, 48]
    table = pd.read_csv(folder / "curve" / "curve.csv")
    assert table["uar"].tolist() == pytest.approx([point["uar"]["value"] for point in points])
    assert points[0]["lowest"] <= points[0]["uar"]["value"] <= points[0]["highest"]
    figure = ElementTree.parse(folder / "curve" / "curve.svg").getroot()
    assert figure.tag == "{http://www.w3.org/2000/svg}svg"
    assert "](curve.svg)" in (folder / "curve" / "curve.md").read_text(encoding="utf-8")
    page = (folder / "curve" / "curve.html").read_text(encoding="utf-8")
    assert "training speakers" in page
    assert "<svg" in page
    assert FEW in page
    assert FEW in shown.stdout
    whole = featser_here("fit", *QUICK, "whole", "-t", "emotion", cwd=folder)
    assert "4 of 5 fits reused from the cache" in whole.stdout, "the last point's folds are a fit's"
    metrics = json.loads((folder / "whole" / "metrics.json").read_text(encoding="utf-8"))
    assert points[-1]["uar"] == pytest.approx(metrics["speaker-independent"]["emotion"]["uar"])
    none = featser_here("curve", *QUICK, "curve", "--draws", "0", cwd=folder)
    assert "--draws: 0: give 1 or more" in none.stderr


def test_the_recipe_of_a_run_puts_the_curve_into_its_report(
    extracted: Path, tmp_path: Path
) -> None:
    shutil.copytree(extracted / "featser-store", tmp_path / "featser-store", ignore=WITHOUT_FITS)
    shown = featser_here("fit", *QUICK, "run", "-t", "emotion", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    report = tmp_path / "run" / "report.html"
    assert "Learning curve" not in report.read_text(encoding="utf-8")
    state = RunState.read(tmp_path / "run")  # as `featser run` notes it
    state.fit = {"identity": "x", "files": checksums(tmp_path / "run", ["report.html"])}
    state.write()
    # The second one replaces the first; a run stands for its recipe.
    for source, draws in (("run/recipe.yaml", "2"), ("run", "1")):
        shown = featser_here(
            "curve", source, *QUICK, "curve", "--draws", draws, cwd=tmp_path, columns=80
        )
        assert shown.returncode == 0, shown.stderr
        assert all("]" in line for line in shown.stdout.splitlines() if "[0." in line)
        assert "report: run/report.html (section Learning curve)" in shown.stdout
    page = report.read_text(encoding="utf-8")
    assert page.count('<h2 id="curve">') == page.count('<a href="#curve">') == 1
    assert "UAR of emotion by the number of training speakers" in page
    assert RunState.read(tmp_path / "run").fit["files"] == checksums(
        tmp_path / "run", ["report.html"]
    )
    report.write_text(page.replace("<!--curve-->", ""), encoding="utf-8")
    shown = featser_here("curve", "run/recipe.yaml", *QUICK, "curve", "--draws", "1", cwd=tmp_path)
    assert "has no place for the curve: run `featser fit` again" in " ".join(shown.stdout.split())
    report.write_bytes(b"\xff" + report.read_bytes())
    elsewhere = tmp_path / "elsewhere"  # where the store is the run's, as the data are
    elsewhere.mkdir()
    command = ("curve", tmp_path / "run" / "recipe.yaml", *QUICK, "curve", "--draws", "1")
    shown = featser_here(*command, cwd=elsewhere)
    assert shown.returncode == 0, shown.stderr
    assert "is damaged or of an earlier version" in " ".join(shown.stdout.split())


def test_a_fold_is_fitted_on_the_given_number_of_speakers_and_never_on_those_it_tests() -> None:
    unit = np.repeat([f"s{k:02d}" for k in range(12)], 3)
    folds = Folds(np.repeat(np.arange(12) % 6, 3))
    plan = _plan(unit, folds, draws=3, seed=0)
    assert list(plan) == levels(10) == [2, 4, 8, 10]
    for speakers, draws in plan.items():
        assert len(draws) == (1 if speakers == 10 else 3)
        for part in draws:
            assert (part.test == folds.test).all()
            for train, test in part.splits():
                assert len(set(unit[train])) == speakers
                assert not set(unit[train]) & set(unit[test])
    few, many = plan[2][1].train(0), plan[8][1].train(0)
    assert set(few) < set(many), "the few are among the many"
    with pytest.raises(ProtocolError, match="a fold has 1 training speaker: "):
        _plan(unit[:6], Folds(np.repeat([0, 1], 3)), 1, 0)
