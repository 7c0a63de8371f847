"""Every planted fault is found, and the same corpus without it has none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from featser.audit.audit_manifest import audit_manifest
from featser.audit.finding import Finding
from tests.audit.faults import FAULTS, cancelling, cut, names_it, replaced, same_bytes


def findings(table: pd.DataFrame) -> list[Finding]:
    return audit_manifest(table, jobs=1).findings


def test_a_clean_corpus_has_neither_errors_nor_warnings(clean: pd.DataFrame) -> None:
    assert [(f.kind, f.severity) for f in findings(clean)] == [("shortcuts tested", "note")]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_reported_and_nothing_else_is_an_error(
    twin: pd.DataFrame, name: str
) -> None:
    fault = FAULTS[name]
    planted = fault.plant(twin)
    listed = findings(planted)
    assert [finding for finding in listed if names_it(finding, fault)], listed
    errors = {f.kind for f in listed if f.severity == "error"} - {fault.kind}
    # A speaker in two splits is a fault of its own.
    assert errors <= ({"speakers in several splits"} if "split" in planted else set())


def test_a_copy_names_both_recordings_and_in_what_they_differ(twin: pd.DataFrame) -> None:
    first = findings(cut(twin, emotion="sad"))[0]
    (row,) = first.table
    assert row["first"] == Path(twin["file"][3]).name
    assert row["second"] == "copy.wav"
    assert row["differ in"] == f"emotion: {twin['emotion'][3]} | sad"
    assert row["likeness"] > 0.9


def test_a_channel_that_is_chosen_is_examined_alone(twin: pd.DataFrame) -> None:
    plain = audit_manifest(twin, jobs=1).facts
    planted = FAULTS["channels that differ"].plant(twin)
    chosen = audit_manifest(planted.assign(channel="left"), jobs=1)
    assert not [f for f in chosen.findings if f.kind == "channels differ"]
    assert chosen.facts["level"][0] == pytest.approx(plain["level"][0], abs=0.01)


def test_channels_that_cancel_are_examined_by_the_louder_one(twin: pd.DataFrame) -> None:
    facts = audit_manifest(replaced(cancelling)(twin), jobs=1).facts
    assert facts["level"][0] == pytest.approx(facts["level"][1:].mean(), abs=12)
    assert "channel 1" in facts["note"][0]


def test_errors_come_first_and_all_is_plain_data(twin: pd.DataFrame) -> None:
    result = audit_manifest(cut(FAULTS["a truncated file"].plant(twin)), jobs=1)
    report = result.to_dict()
    order = [finding["severity"] for finding in report["findings"]]
    assert order == sorted(order, key=("error", "warning", "note").index)
    assert report["counts"]["error"] == result.errors == 1
    assert report["recordings"] == len(twin) + 1


def test_a_table_without_the_primary_label_is_audited_all_the_same(twin: pd.DataFrame) -> None:
    kinds = [f.kind for f in findings(same_bytes(twin)[["file"]])]
    assert kinds == ["identical recordings", "missing speakers", "shortcuts not tested"]
