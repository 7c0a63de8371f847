"""The page on EmoBox is derived from its figures, and its published figures are those published."""

from __future__ import annotations

import csv
import importlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture
def emobox(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(REPORTS))
    return importlib.import_module("emobox")


def figures(fold_mean: float, uar: float) -> dict[str, Any]:
    interval = {"value": uar, "low": uar - 0.05, "high": uar + 0.05}
    return {"fold_mean": {"value": fold_mean}, "uar": interval, "accuracy": interval}


def made_up(emobox: Any) -> dict[str, Any]:
    cost = {
        "features": 3799, "classes": 7, "values": 2_078_030, "megabytes": 7.74,
        "features_ms": 15.6, "prediction_ms": 3.81,
    }  # fmt: skip
    emodb = {
        "recipe": "emobox-emodb", "utterances": 535, "speakers": 10, "folds": 5,
        "shared": ["folds share 10 speakers"], "cost": cost,
        "seeds": {"0": figures(0.9, 0.89), "1": figures(0.94, 0.95), "2": figures(0.92, 0.91)},
    }  # fmt: skip
    ravdess = {
        "recipe": "emobox-ravdess", "utterances": 1440, "speakers": 24, "folds": 6,
        "shared": [], "cost": cost | {"values": 5_527_703},
        "seeds": {seed: figures(0.705, 0.7) for seed in "012"},
    }  # fmt: skip
    return {
        "source": emobox.CITATION,
        "networks": [network._asdict() for network in emobox.NETWORKS],
        "timed": {"recordings": 24, "seconds": 3.7037, "machine": "x86_64"},
        "corpora": {"emodb": emodb, "ravdess": ravdess},
    }


def test_page_has_the_median_of_seeds_beside_the_networks_in_order(emobox: Any) -> None:
    page = emobox.page(made_up(emobox))
    text = "\n".join(page)
    for line in (
        "the median of seeds 0, 1, 2, 95 % intervals over speakers.",
        "EmoDB: **folds share 10 speakers**, so its figures, those of the networks too, are "
        "optimistic for people who are not in the corpus.",
        "| EmoDB **(optimistic)** | 535 | 10 | 5 | 0.920 | 0.900–0.940 | 0.910 [0.860, 0.960] "
        "| 0.910 [0.860, 0.960] | 9 of 10 |",
        "| RAVDESS | 1440 | 24 | 6 | 0.705 | 0.705–0.705 | 0.700 [0.650, 0.750] "
        "| 0.700 [0.650, 0.750] | 7 of 10 |",
        "| EmoDB | 3799 | 7 | 2,078,030 | 7.7 | 16 | 3.8 | **19** |",
        "the median of 24 recordings of RAVDESS of 3.7 s",
        "featser run emobox-emodb --data emodb=FOLDER --set folds=FILE  "
        "# then --set seed=1, --set seed=2",
    ):
        assert line in text
    ranked = [line for line in page if line.startswith("| ") and line.count("|") == 6][1:]
    on_ravdess = [line.split(" | ")[2] for line in ranked]
    assert len(ranked) == 11
    assert on_ravdess == sorted(on_ravdess, reverse=True)
    assert ranked[3] == "| **featser** | 0.920 | 0.705 | 2.08 / 5.53 | stored values |"
    assert "| data2vec large | 0.610 | 0.593 |  |  |" in ranked


def test_page_of_one_seed_names_that_seed(emobox: Any) -> None:
    results = made_up(emobox)
    for row in results["corpora"].values():
        row["seeds"] = {"4": figures(0.5, 0.4)}
    text = "\n".join(emobox.page(results))
    assert "seed 4, 95 % intervals" in text
    assert "--data emodb=FOLDER --set folds=FILE --set seed=4\n" in text


def assert_derived(emobox: Any, reports: Path) -> None:
    results = json.loads((reports / "emobox" / "emobox.json").read_text(encoding="utf-8"))
    page = (reports / "emobox" / "emobox.md").read_text(encoding="utf-8")
    assert page == "\n".join(emobox.page(results)) + "\n"
    text = (reports / "README.md").read_text(encoding="utf-8")
    section = importlib.import_module("common").section_between(text, emobox.MARKS)
    assert section == "\n".join([emobox.MARKS[0], *emobox.section(results), emobox.MARKS[1]])
    assert results["networks"] == [network._asdict() for network in emobox.NETWORKS]


def test_files_and_the_section_of_results_are_derived_from_the_same_figures(
    emobox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Results\n\nBefore.\n", encoding="utf-8")
    monkeypatch.setattr(emobox, "REPORTS", tmp_path)
    monkeypatch.setattr(importlib.import_module("common"), "REPORTS", tmp_path)
    for _ in range(2):
        emobox.write(made_up(emobox))
    assert_derived(emobox, tmp_path)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("# Results\n\nBefore.\n")
    assert text.count(emobox.MARKS[0]) == text.count(emobox.MARKS[1]) == 1
    assert "0.920 on EmoDB (5 folds, optimistic), above 9 of 10 frozen pretrained net" in text


def test_stored_page_is_derived_from_the_stored_figures(emobox: Any) -> None:
    if not (REPORTS / "emobox" / "emobox.json").exists():
        pytest.skip("no figures: `make emobox` writes them")
    assert_derived(emobox, REPORTS)


def test_tables_of_the_recipes_keep_the_section_on_emobox(
    emobox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    baselines = importlib.import_module("baselines")
    folder = tmp_path / "reports"
    folder.mkdir()
    all_marks = (baselines.SYSTEMS_MARKS, emobox.MARKS)
    sections = [f"{first}\nfigures\n{last}\n" for first, last in all_marks]
    (folder / "README.md").write_text("old\n" + "\n".join(sections), encoding="utf-8")
    (tmp_path / "README.md").write_text("readme", encoding="utf-8")
    monkeypatch.setattr(baselines, "REPORTS", folder)
    monkeypatch.setattr(baselines, "page", lambda rows: "new\n")
    monkeypatch.setattr(baselines, "with_figures", lambda text, rows: text)
    baselines.write([])
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text == "\n".join(["new\n", *sections])


def test_networks_have_the_published_figures(emobox: Any, corpora: Path) -> None:
    published = corpora.parent / "emobox" / "reference.csv"
    if not published.is_file():
        pytest.skip("no published figures: put reference.csv into emobox/")
    with published.open(encoding="utf-8") as lines:
        rows = {row["corpus"]: row for row in csv.DictReader(lines)}
    for corpus in emobox.RECIPES:
        names = list(rows[corpus])[2:]
        ours = [getattr(network, corpus) for network in emobox.NETWORKS]
        assert ours == [float(rows[corpus][name]) for name in names]


def test_numbers_of_parameters_have_a_source(emobox: Any) -> None:
    for network in emobox.NETWORKS:
        assert (network.millions is None) == (network.source == "")
    assert len({network.name for network in emobox.NETWORKS}) == 10


def test_folds_are_a_folder_or_a_table_and_are_refused_if_missing(
    emobox: Any, tmp_path: Path
) -> None:
    (tmp_path / "emodb").mkdir()
    (tmp_path / "ravdess.csv").write_text("name,fold\n", encoding="utf-8")
    assert emobox.fold_list(tmp_path, "emodb") == tmp_path / "emodb"
    assert emobox.fold_list(tmp_path, "ravdess") == tmp_path / "ravdess.csv"
    with pytest.raises(SystemExit, match=r"neither savee/ nor savee\.csv"):
        emobox.fold_list(tmp_path, "savee")


def bundle_of(path: Path, members: dict[str, bytes]) -> Path:
    estimators = io.BytesIO()
    with zipfile.ZipFile(estimators, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("estimators.skops", estimators.getvalue())
    return path


def array_bytes(values: Any) -> bytes:
    written = io.BytesIO()
    np.save(written, values)
    return written.getvalue()


def test_stored_values_are_all_numbers_of_all_arrays(emobox: Any, tmp_path: Path) -> None:
    arrays = {"1.npy": np.zeros((3, 4)), "2.npy": np.zeros(0), "3.npy": np.array(1.0)}
    members = {name: array_bytes(values) for name, values in arrays.items()}
    bundle = bundle_of(tmp_path / "one", {"schema.json": b"{}", **members})
    assert emobox.stored_values(bundle) == 13
    with pytest.raises(ValueError, match=r"4\.bin is no array"):
        emobox.stored_values(bundle_of(tmp_path / "two", {**members, "4.bin": b"trees"}))


def test_costs_are_those_of_the_bundle_and_of_both_steps(
    emobox: Any, fitted: Path, voices: Path
) -> None:
    file = fitted / "model.featser"
    cost = emobox.costs(file, sorted(map(str, voices.rglob("*.flac")))[:3])
    assert cost["values"] == emobox.stored_values(file) > 0
    assert cost["megabytes"] == file.stat().st_size / 1e6
    assert cost["features_ms"] > 0
    assert cost["prediction_ms"] > 0
    with pytest.raises(ValueError, match=r"absent\.flac"):
        emobox.costs(file, [str(voices / "absent.flac")])


def test_time_of_a_step_is_the_median_in_milliseconds_of_cpu(emobox: Any) -> None:
    outputs, milliseconds = emobox.milliseconds(lambda n: sum(range(n)), [10, 1_000_000, 20])
    assert outputs[0] == 45
    assert 0 <= milliseconds < 1
    _, long = emobox.milliseconds(lambda n: sum(range(n)), [1_000_000])
    assert 1 < long < 10_000
