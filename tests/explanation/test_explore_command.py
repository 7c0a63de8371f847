"""``featser explore`` as a user runs it: page, tables, link in the report, sounds, what is gone."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from featser.experiment.runs.run_state import RunState, checksums
from tests.flow import featser_here
from tests.reporting.page import Page


@pytest.fixture(scope="module")
def explored(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a finished run, explored."""
    folder = tmp_path_factory.mktemp("explored") / "run"
    shutil.copytree(fitted, folder)
    shown = featser_here("explore", "run", "-n", "5", "-j", "1", cwd=folder.parent)
    assert shown.returncode == 0, shown.stderr
    assert "map: Supervised (LDA, out of fold)" in shown.stdout
    assert "page (" in shown.stdout
    return folder


@pytest.fixture
def work(explored: Path, tmp_path: Path) -> Path:
    shutil.copytree(explored, tmp_path / "run")
    return tmp_path


def map_data(page: str) -> dict:
    (text,) = re.findall(r'id="map-data">(.*?)</script>', page, re.DOTALL)
    return dict(json.loads(text))


def test_the_page_has_the_most_confident_mistakes_in_order(explored: Path) -> None:
    predictions = pd.read_parquet(explored / "predictions.parquet")
    own = predictions[predictions["protocol"] == "speaker-independent"]
    wrong = own[own["emotion.true"] != own["emotion.pred"]]
    table = pd.read_csv(explored / "errors.csv")
    mistakes = table[table["list"] == "mistakes"]
    assert len(mistakes) == min(5, len(wrong))
    assert (mistakes["label"] != mistakes["predicted"]).all()
    shares = [row[f"p[{row['predicted']}]"] for _, row in mistakes.iterrows()]
    assert shares == sorted(shares, reverse=True)
    highest = max(row[f"emotion.p[{row['emotion.pred']}]"] for _, row in wrong.iterrows())
    assert shares[0] == pytest.approx(highest, abs=1e-5)
    page = (explored / "explore.html").read_text(encoding="utf-8")
    first = re.findall(r'id="mistakes-1">\s*<h3>1\. (.*?)</h3>', page)
    assert first == [Path(mistakes["file"].iloc[0]).name]


def test_each_listed_recording_has_one_player_and_one_picture(explored: Path) -> None:
    page = (explored / "explore.html").read_text(encoding="utf-8")
    table = pd.read_csv(explored / "errors.csv")
    n_recordings = table["file"].nunique()
    assert page.count("<audio controls preload") == n_recordings
    assert page.count('<svg class="picture"') == n_recordings
    assert page.count("<article") == len(table)
    assert page.count("Picture and player:") == len(table) - n_recordings


def test_players_play_existing_files_from_their_places(explored: Path) -> None:
    page = (explored / "explore.html").read_text(encoding="utf-8")
    sources = re.findall(r'<audio controls preload="none" src="([^"]+)"', page)
    assert sources
    for source in sources:
        assert Path(source.removeprefix("file://")).is_file()


def test_the_map_has_every_recording_and_its_link(explored: Path) -> None:
    data = map_data((explored / "explore.html").read_text(encoding="utf-8"))
    assert len(data["names"]) == len(data["label"]) == 64
    assert set(data["maps"]) == {"lda", "pca"}
    for one in data["maps"].values():
        assert len(one["x"]) == len(one["y"]) == 64
        assert all(0 <= value <= 1000 for value in one["x"])
    assert all(Path((data["prefix"] + link).removeprefix("file://")).is_file()
               for link in data["links"])  # fmt: skip
    assert data["colours"]["speaker"]["names"] == ["f1", "f2", "m1", "m2"]
    table = pd.read_csv(explored / "map.csv")
    assert {"lda_x", "lda_y", "pca_x", "pca_y"} <= set(table)
    assert pd.read_csv(explored / "speakers.csv")["uar"].is_monotonic_increasing


def test_the_page_runs_only_its_script_and_loads_nothing_from_a_network(explored: Path) -> None:
    markup = (explored / "explore.html").read_text(encoding="utf-8")
    page = Page(markup)
    assert "http://" not in markup.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in markup
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {v[1:] for _, name, v in page.attributes if name == "href" and v.startswith("#")}
    assert targets <= set(ids)
    assert {"map-plot", "map-kind", "map-colour", "map-detail", "mistakes", "uncertain"} <= set(ids)
    policy = next(v for tag, name, v in page.attributes if tag == "meta" and "default-src" in v)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy.partition("script-src")[2]


def test_the_report_links_the_page_once_and_the_run_still_counts_as_whole(work: Path) -> None:
    run = work / "run"
    state = RunState.read(run)
    files = {"report.html": checksums(run, ["report.html"])["report.html"]}
    state.fit = {"identity": "x", "files": files}
    state.write()
    shown = featser_here("explore", "run", "-n", "1", "-j", "1", cwd=work)
    assert shown.returncode == 0, shown.stderr
    report = (run / "report.html").read_text(encoding="utf-8")
    assert report.count('<a href="explore.html">Explore</a>') == 1
    assert RunState.read(run).fit["files"] == checksums(run, ["report.html"])


def test_a_report_of_an_earlier_version_is_left_alone_with_a_note(work: Path) -> None:
    report = work / "run" / "report.html"
    old = report.read_text(encoding="utf-8").replace("<!--pages-->", "")
    report.write_text(old, encoding="utf-8")
    shown = featser_here("explore", "run", "-n", "1", "-j", "1", cwd=work)
    assert "does not link this page" in shown.stdout
    assert report.read_text(encoding="utf-8") == old


def test_embedded_sounds_respect_the_limit(work: Path) -> None:
    all_of_them = featser_here("explore", "run", "-n", "2", "-j", "1", "--embed-audio", cwd=work)
    assert all_of_them.returncode == 0, all_of_them.stderr
    page = (work / "run" / "explore.html").read_text(encoding="utf-8")
    sources = re.findall(r'<audio controls preload="none" src="([^"]+)"', page)
    assert all(source.startswith("data:audio/flac;base64,") for source in sources)
    limit = 1.5 * max(map(len, sources)) / 1e6
    shown = featser_here("explore", "run", "-n", "2", "-j", "1", "--embed-audio",
                         "--audio-limit", f"{limit:.4f}", cwd=work)  # fmt: skip
    assert re.search(r"note: [1-9]\d* of \d+ recordings fit into", shown.stdout), shown.stdout
    page = (work / "run" / "explore.html").read_text(encoding="utf-8")
    assert sum(map(len, re.findall(r'src="(data:audio[^"]+)"', page))) <= limit * 1e6


def test_recordings_and_features_that_are_gone_are_stated(work: Path) -> None:
    path = work / "run" / "predictions.parquet"
    table = pd.read_parquet(path)
    table["file"] = [f"/elsewhere/{Path(file).name}" for file in table["file"]]
    table.to_parquet(path, index=False)
    shown = featser_here("explore", "run", "-n", "2", "-j", "1", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert "note: There is no map:" in shown.stdout
    assert re.search(r"\d+ recordings could not be read: see the page", shown.stdout)
    page = (work / "run" / "explore.html").read_text(encoding="utf-8")
    assert "The recording is no longer at its place." in page
    assert "No picture: /elsewhere/" in page
    assert 'id="map-plot"' not in page


def test_label_errors_use_predictions_with_folds_of_recordings_where_there_are_any(
    work: Path,
) -> None:
    path = work / "run" / "predictions.parquet"
    table = pd.read_parquet(path)
    own = table[table["protocol"] == "speaker-independent"].assign(protocol="random")
    own.loc[own.index[0], [c for c in own if c.startswith("emotion.p[")]] = 0.0
    wrong = next(c for c in ("angry", "happy") if c != own["emotion.true"].iloc[0])
    own.loc[own.index[0], f"emotion.p[{wrong}]"] = 1.0
    pd.concat([table, own]).to_parquet(path, index=False)
    shown = featser_here("explore", "run", "-n", "2", "-j", "1", cwd=work)
    assert shown.returncode == 0, shown.stderr
    errors = pd.read_csv(work / "run" / "label_errors.csv")
    assert errors["protocol"].unique().tolist() == ["random"]
    assert errors.loc[0, ["file", "proposed"]].tolist() == [own["file"].iloc[0], wrong]
    assert "do not know the speaker" not in shown.stdout


def test_fit_that_finds_more_label_errors_is_that_of_the_run_wherever_it_is(work: Path) -> None:
    (work / "run").rename(work / "my run")
    shown = featser_here("explore", "my run", "-n", "1", "-j", "1", cwd=work)
    match = re.search("finds more of them: +`featser ([^`]+)`", " ".join(shown.stdout.split("\n")))
    assert match is not None, shown.stdout
    command = shlex.split(match[1])
    assert command[:2] == ["fit", "my run/recipe.yaml"]
    quick = ("--model", "lda", "--no-audit", "-o", "both", "--jobs", "1")
    fitted = featser_here(*command, *quick, cwd=work)
    assert fitted.returncode == 0, fitted.stderr
    predictions = pd.read_parquet(work / "both" / "predictions.parquet")
    assert predictions["protocol"].unique().tolist() == ["speaker-independent", "random"]
    assert predictions["file"].nunique() == 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "emotoin"], "did you mean 'emotion'?"),
        (["--protocol", "cross-corpus"], "unknown protocol 'cross-corpus'"),
        (["-n", "0"], "0: give 1 or more"),
        (["--embed-audio", "--audio-limit", "-1"], "give a size in MB"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(
    arguments: list[str], message: str, fitted: Path
) -> None:
    shown = featser_here("explore", fitted, *arguments, cwd=fitted)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert not (fitted / "explore.html").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    shown = featser_here("explore", tmp_path)
    assert shown.returncode != 0
    assert "no run: there is no predictions.parquet in it" in shown.stderr


def test_a_damaged_report_and_command_do_not_stop_the_page(work: Path) -> None:
    """A report that is no UTF-8 is left alone; a command with one quotation mark names no store."""
    (work / "run" / "report.html").write_bytes(b"\xff<html>")
    described = json.loads((work / "run" / "run.json").read_text(encoding="utf-8"))
    described["reproduce"][-1] += " 'x"
    (work / "run" / "run.json").write_text(json.dumps(described), encoding="utf-8")
    shown = featser_here("explore", "run", "-n", "1", "-j", "1", cwd=work)
    assert shown.returncode == 0, shown.stderr
    assert (
        "There is no map: run/run.json: field 'reproduce' does not name the store" in shown.stdout
    )
    assert "`featser fit … --protocol speaker-independent --protocol random`" in shown.stdout
    assert "report.html is missing, damaged or of an earlier version" in shown.stdout
    assert (work / "run" / "report.html").read_bytes() == b"\xff<html>"
