"""Results of experiments are as they were pinned: restructuring changes none of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden import adapter, experiments, results
from tests.golden.compare import complaint
from tests.golden.files import FOLDER, read_golden
from tests.golden.subjects import Subject, subjects
from tests.golden.test_values import assert_as_pinned


def golden_results() -> list[str]:
    paths = sorted((FOLDER / "results").rglob("*.parquet"))
    return [str(path.relative_to(FOLDER).with_suffix("")) for path in paths]


NETWORKS, LONG = ("networks", "joint"), ("long",)
LONG_ALONE = (
    *("models/forest", "models/extra-trees", "models/mlp", "models/xgboost", "coupling/auto"),
    *("encode/ivector", "others/seed", "others/all-rows", "others/tune", "others/enrolment-curve"),
)


def results_in(*folders: str) -> list[str]:
    return [name for name in golden_results() if name.split("/")[1] in folders]


TAKE_LONG = [*results_in(*LONG), *(f"results/{name}" for name in LONG_ALONE)]
QUICK = [name for name in golden_results() if name not in {*results_in(*NETWORKS), *TAKE_LONG}]


@pytest.mark.parametrize("name", QUICK)
def test_results_as_pinned(name: str) -> None:
    assert_as_pinned(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKE_LONG)
def test_results_that_take_long_as_pinned(name: str) -> None:
    assert_as_pinned(name)


@pytest.mark.streams
@pytest.mark.parametrize("name", results_in(*NETWORKS))
def test_results_of_networks_as_pinned(name: str) -> None:
    assert_as_pinned(name)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("model_names", "results/models/new"),
        ("protocol_names", "results/protocols/new"),
        ("network_names", "results/networks/new"),
    ],
)
def test_results_new_name_asks_for_a_golden_result(
    monkeypatch: pytest.MonkeyPatch, names: str, expected: str
) -> None:
    """What is registered in featser is a subject at once, and a subject needs golden values."""
    names_before = getattr(adapter, names)()
    monkeypatch.setattr(adapter, names, lambda: [*names_before, "new"])
    by_name = {one.name: one for one in results.results()}
    assert read_golden(expected) is None
    assert "has no golden results: run `make golden" in complaint(by_name[expected], None, {})


def test_results_new_value_of_an_option_asks_for_a_golden_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values_before = adapter.option_values()
    for option, values in values_before.items():
        changed = {**values_before, option: [*values, "new"]}
        monkeypatch.setattr(adapter, "option_values", lambda changed=changed: changed)
        names = [one.name for one in results.results()]
        assert f"results/{option}/new" in names


def test_results_changed_names_the_experiment_and_the_difference() -> None:
    subject = subjects()["results/models/knn"]
    golden = read_golden(subject.name)
    assert golden is not None
    values = pinned_values(subject)
    assert complaint(subject, golden, values) == ""
    uar = values["one split: metrics"]["emotion uar"]
    values["one split: metrics"]["emotion uar"] = uar - 0.0625
    values["one split: folds"]["u003.wav"] = 1.0
    shown = complaint(subject, golden, values)
    assert shown.startswith(
        "results changed: if this is meant, run `make golden FORCE=results/models/knn`\n"
        "  out of tolerance: 2 of "
    )
    assert "one split: folds: u003.wav: pinned 0, now 1, changed by +1, tolerance 0" in shown
    line = f"one split: metrics: emotion uar: pinned {uar:.7g}, now {uar - 0.0625:.7g}, "
    assert line + "changed by -0.062, tolerance 0.001" in shown


def pinned_values(subject: Subject) -> dict[str, dict[str, float]]:
    golden = read_golden(subject.name)
    assert golden is not None
    values: dict[str, dict[str, float]] = {}
    for case, name, value in golden.table[["case", "name", "value"]].itertuples(index=False):
        values.setdefault(case, {})[name] = value
    return values


def test_results_differ_between_models() -> None:
    """A model that silently became another one would be noticed."""
    names = [name for name in golden_results() if name.startswith("results/models/")]
    names_by_values: dict[tuple[float, ...], str] = {}
    for name in names:
        values = pinned_values(subjects()[name])["one split: out of fold"]
        key = tuple(round(value, 3) for value in values.values())
        assert key not in names_by_values, f"{name} predicts what {names_by_values[key]} predicts"
        names_by_values[key] = name


def test_results_leave_room_for_a_change() -> None:
    """An experiment that is all right or all wrong would hide many changes."""
    for name in golden_results():
        for case, values in pinned_values(subjects()[name]).items():
            if case.endswith(": metrics"):
                assert 0 < next(iter(values.values())) < 0.95, (name, case)


def test_experiments_data_same_in_every_process() -> None:
    """Other random numbers, after an upgrade of NumPy, would change all results at once."""
    assert experiments.checksum() == "b6b8aa860a97ecc3"
    values = experiments.features()["timbre"].to_numpy()
    assert 0 < np.isnan(values).mean() < 0.03
    defined = values[~np.isnan(values)]
    assert (defined * 64 == np.round(defined * 64)).all()
