"""The report shows the given figures, names its conditions, and loads nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from featser.audit.checks.shortcuts import TESTED
from featser.errors import ManifestError, ProtocolError, TaskError
from featser.evaluation.group_gaps import age_group, gap_of_figure
from featser.evaluation.metrics import metrics
from featser.evaluation.protocols.registry import PROTOCOLS
from featser.reporting.html import render
from featser.reporting.numbers import estimate, number
from featser.reporting.statements.finding_table import finding_table
from featser.reporting.summary import RunSummary
from featser.reporting.wording import folds_sentence, optimistic, where
from featser.tasks import Task
from tests.reporting.page import Page
from tests.reporting.sample import EMOTIONS, figures, sample_run


@pytest.fixture(scope="module")
def run() -> RunSummary:
    return sample_run()


@pytest.fixture(scope="module")
def page(run: RunSummary) -> Page:
    return Page(render(run))


def test_the_headline_is_the_primary_tasks_uar_with_interval_and_chance(
    run: RunSummary, page: Page
) -> None:
    figures = run.metrics[run.protocol]["emotion"]
    assert f"{estimate(figures['uar'])} chance 0.200" in page.text
    value = f"{100 * figures['uar']['value']:.0f} %"
    assert (
        f"On speakers who are not in the training set, the average recall per class is {value}"
        in page.text
    )
    assert "Chance level is 20 %." in page.text


def test_every_figure_in_the_metrics_tables_is_the_metric_that_was_given(
    run: RunSummary, page: Page
) -> None:
    titles = {
        "uar": "UAR",
        "accuracy": "Accuracy (WA)",
        "macro_f1": "Macro F1",
        "kappa": "Quadratic kappa",
        "mae": "MAE",
        "ccc": "CCC",
        "pearson": "Pearson's r",
        "rmse": "RMSE",
    }
    for task in run.tasks:
        figures = run.metrics[run.protocol][task.name]
        rows = page.table(f"Metrics of {task.name}")
        for name, figure in figures.items():
            head, _, base = name.partition(".")
            if name.startswith("recall["):
                recall = page.table(f"Recall by class of {task.name}")[name[7:-1]][0]
                assert recall == estimate(figure)
            elif name == "majority.uar":
                assert "majority" not in rows["UAR"][1], "which is chance, as it stands there"
            elif gap_of_figure(name):
                assert "gap" not in rows[titles.get(base, "UAR")][1], "which has tables of its own"
            elif base:
                assert f"{head} {number(figure['value'])}" in rows[titles[base]][1]
            else:
                assert rows[titles[name]][0] == estimate(figure)


def test_confusions_in_table_and_figures_are_those_of_the_predictions(
    run: RunSummary, page: Page
) -> None:
    data = run.predictions
    counts = metrics.confusion_matrix(data["emotion.true"], data["emotion.pred"], EMOTIONS)
    rows = page.table("Confusions of emotion")
    for name, line in zip(EMOTIONS, counts, strict=True):
        shares = [f"{n} ({n / line.sum():.3f})" if n else "0" for n in line]
        assert rows[name] == [*shares, str(line.sum())]
    for n in counts[counts > 0]:
        assert str(n) in page.texts


def test_speakers_are_sorted_by_their_uar(run: RunSummary, page: Page) -> None:
    rows = page.table("UAR of emotion by speaker")
    rows.pop("speaker")
    assert len(rows) == 10
    values = [float(cells[0]) for cells in rows.values()]
    assert values == sorted(values)
    data = run.predictions
    for name, cells in rows.items():
        part = data[data["speaker"] == name.split("/")[1]]
        uar = metrics.uar(part["emotion.true"], part["emotion.pred"], EMOTIONS)
        assert cells[:2] == [number(uar), str(len(part))]


def test_gaps_between_genders_are_shown_for_each_task(run: RunSummary, page: Page) -> None:
    rows = page.table("Headline metrics by gender")
    assert set(rows) == {"task", "emotion: UAR", "intensity: UAR", "arousal: CCC"}
    data, uars = run.predictions, []
    for group, cell in zip(("female", "male"), rows["emotion: UAR"], strict=False):
        part = data[data["gender"] == group]
        uars.append(metrics.uar(part["emotion.true"], part["emotion.pred"], EMOTIONS))
        assert cell.startswith(number(uars[-1]))
        assert cell.endswith(f"n = {len(part)}")
    better = "female over male" if uars[0] > uars[1] else "male over female"
    assert rows["emotion: UAR"][2].startswith(f"{number(abs(uars[0] - uars[1]))} [")
    assert f"({better})" in rows["emotion: UAR"][2]


def test_groups_are_compared_once_by_every_column_that_makes_some() -> None:
    run = sample_run(speakers=20, all_tasks=False)
    age = run.predictions["speaker"].str[-1].astype(int) * 7 + 10
    run.predictions["age"] = age.astype(str).where(age < 70)  # of two speakers it is not known
    run.predictions["language"] = run.predictions["corpus"].map({"made-up-a": "bn"}).fillna("en")
    run.metrics[run.protocol] = figures(run.predictions, run.tasks)
    page = Page(render(run))
    by_age = page.table("Headline metrics by age")
    ages = ["under 20", "20 to 39", "40 to 59", "60 and over"]
    assert by_age["task"] == [*ages, "largest gap"]
    assert "n/a" not in by_age["emotion: UAR"]
    assert "so its interval has a level of 99.2 %" in page.text
    assert page.table("Headline metrics by corpus")["task"][:2] == ["made-up-a", "made-up-b"]
    assert not [caption for caption in page.captions if "by language" in caption], "as by corpus"


def test_an_age_is_a_number_of_years() -> None:
    ages = ("19", "20", "39.5", "40", "60", "", "adult")
    assert [age_group(age) for age in ages] == [
        "under 20", "20 to 39", "20 to 39", "40 to 59", "60 and over", "", "adult",
    ]  # fmt: skip


def test_recalls_of_classes_are_compared_between_groups(run: RunSummary, page: Page) -> None:
    rows = page.table("Recall of each class by gender")
    assert set(rows) == {
        "task",
        *(f"emotion: Recall of {name}" for name in EMOTIONS),
        *(f"intensity: Recall of {name}" for name in ("low", "mid", "high")),
    }
    data = run.predictions
    own = data[data["emotion.true"] == EMOTIONS[0]]
    recalls = (own["emotion.pred"] == EMOTIONS[0]).groupby(own["gender"]).mean()
    cells = rows[f"emotion: Recall of {EMOTIONS[0]}"]
    assert [cell.partition(" ")[0] for cell in cells[:2]] == [number(value) for value in recalls]
    assert cells[2].startswith(f"{number(abs(recalls['female'] - recalls['male']))} [")
    assert "Equalised recall: where all gaps are 0" in page.text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_has_words_and_its_optimism_is_marked(protocol: str) -> None:
    assert where(protocol) != where("no such protocol")
    assert ("OPTIMISTIC" in folds_sentence(protocol)) is PROTOCOLS[protocol].optimistic
    assert ("OPTIMISTIC" in PROTOCOLS[protocol].title) is optimistic(protocol)


def test_data_are_counted_by_class_and_group_with_missing_labels(
    run: RunSummary, page: Page
) -> None:
    assert page.table("Labels of each task")["intensity"][2:] == ["320", "80", "320"]
    data = run.predictions
    female = int(((data["emotion.true"] == "anger") & (data["gender"] == "female")).sum())
    assert page.table("Utterances by emotion and gender")["anger"][0] == str(female)
    assert page.table("Utterances by emotion and corpus")["all"][-1] == "400"


def test_what_was_not_used_is_listed_with_its_reason(page: Page) -> None:
    assert page.table("Recordings that could not be used")["clips/empty.wav"] == ["0 samples"]
    assert "it has one value, '01'" in page.text
    assert "The language is also the recording condition." in page.text


def test_the_verdict_opens_the_report_and_notes_follow_before_the_data(page: Page) -> None:
    verdict, notes, data = (
        page.text.index(words)
        for words in ("the average recall per class", "recording condition", "Labels of each task")
    )
    assert verdict < notes < data


def test_features_folds_model_versions_and_commands_are_shown(page: Page) -> None:
    assert page.table("Extractors")["bangla166"][1:] == ["166", "3f1c9a0b"]
    assert page.table("Test set of each fold")["0"][0] == "spk000, spk006"
    for words in ("vote(svm, logistic, xgboost)", "3 min 12 s", "featser scan made-up"):
        assert words in page.text
    assert page.table("Software versions")["numpy"] == ["2.4"]


def test_random_folds_are_called_optimistic_at_every_figure_and_the_reason_is_given() -> None:
    page = Page(render(sample_run(protocol="random")))
    assert "OPTIMISTIC: speakers are in both training and test" in page.text
    assert "On speakers who are also in the training set" in page.text
    figures_of_run = page.text.count(" random ")
    assert figures_of_run > 10
    assert len(re.findall(r" random\s+(?:– )?OPTIMISTIC ", page.text)) == figures_of_run


def test_speaker_independent_reports_are_not_called_optimistic(page: Page) -> None:
    assert "OPTIMISTIC" not in page.text


def test_a_second_protocol_stands_beside_the_first_with_its_own_mark() -> None:
    run = sample_run()
    other = figures(sample_run(seed=7).predictions, run.tasks)
    run.metrics["random"] = other
    page = Page(render(run))
    cells = page.table("Metrics of emotion")["UAR"]
    assert cells[0] == estimate(run.metrics["speaker-independent"]["emotion"]["uar"])
    assert cells[2] == estimate(other["emotion"]["uar"])
    assert re.search(r" random\s+OPTIMISTIC ", page.text)
    assert "random – OPTIMISTIC" in page.texts


def test_transductive_normalisation_is_named_at_every_figure(page: Page) -> None:
    other = Page(render(sample_run(speaker_norm="transductive")))
    at_figures = len(re.findall(r" speaker-independent\s+transductive speaker norm", other.text))
    in_plots = sum(text.strip() == "speaker-independent" for text in other.texts) - at_figures
    assert at_figures > 10
    assert in_plots == 1, "only the headline's plot says it in the caption"
    assert "that speaker's own unlabelled recordings" in other.text
    assert "ransductive speaker" not in page.text


def test_enrolment_is_named_at_every_figure_and_its_curve_is_shown() -> None:
    run = sample_run(rows=120, all_tasks=False, speaker_norm="enrol:4")
    for recordings, value in ((0, 0.4), (4, 0.5)):
        run.metrics[run.protocol]["emotion"][f"enrolled[{recordings}].uar"] = {
            "value": value, "low": value - 0.1, "high": value + 0.1, "draws": [value] * 3,
        }  # fmt: skip
    page = Page(render(run))
    assert len(re.findall(r" speaker-independent\s+speakers enrolled with 4 rec", page.text)) > 10
    assert "normalised with 4 unlabelled recordings of that speaker" in page.text
    assert "UAR of emotion by enrolled recordings" in page.text
    assert "0.500 [0.400, 0.600]" in page.text


def test_a_users_matplotlib_settings_neither_enter_nor_change() -> None:
    import matplotlib as mpl

    expected = render(sample_run(all_tasks=False))
    with mpl.rc_context({"axes.grid": True, "font.size": 30, "svg.fonttype": "path"}):
        assert render(sample_run(all_tasks=False)) == expected
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "speakers", "classes"),
    [
        (10, 2, ("no", "yes")),
        (1000, 100, tuple(f"class {i}" for i in range(20))),
        (700, 120, EMOTIONS),
    ],
)
def test_small_and_large_runs_make_a_whole_page(
    rows: int, speakers: int, classes: tuple[str, ...]
) -> None:
    run = sample_run(rows, speakers, classes, all_tasks=False)
    page = Page(render(run))
    figures = run.metrics[run.protocol]["emotion"]
    assert page.table("Metrics of emotion")["UAR"][0] == estimate(figures["uar"])
    speakers_shown = len(page.table("UAR of emotion by speaker")) - 1
    assert speakers_shown == run.predictions["speaker"].nunique()
    if speakers == 2:
        assert "No interval: 2 speakers, and an interval needs 4 speakers or more." in page.text
    if speakers > 105:
        assert "The 52 lowest and the 52 highest of" in page.text


def test_long_tables_are_folded_away() -> None:
    run = sample_run(all_tasks=False)
    files = [f"bad{i}.wav" for i in range(40)]
    run.unusable = pd.DataFrame({"file": files, "reason": "too short"})
    assert "Recordings and reasons (40 rows)" in Page(render(run)).text


def test_a_run_without_speakers_says_what_its_intervals_are() -> None:
    run = sample_run(all_tasks=False, protocol="random")
    run.predictions = run.predictions.drop(columns=["speaker", "gender", "corpus", "language"])
    run.folds = pd.DataFrame({"fold": [0, 1], "speaker": [np.nan, None], "n": [200, 200]})
    run.metrics = {"random": figures(run.predictions, run.tasks)}
    page = Page(render(run))
    assert "No speakers are known: each utterance counts as a speaker of its own" in page.text
    assert " % over utterances)" in page.text
    assert "not known" in page.text
    assert "by speaker" not in " ".join(page.captions)


def test_a_regression_task_can_lead_and_a_large_scatter_is_thinned_and_says_so() -> None:
    run = sample_run(2500)
    run.tasks = [run.tasks[2].with_role("primary")]
    page = Page(render(run))
    figures = run.metrics[run.protocol]["arousal"]
    assert f"{estimate(figures['ccc'])} mean baseline 0.000" in page.text
    assert "agree with the labels with a CCC of" in page.text
    assert re.search(r"2.000 of 2.500 utterances are shown", page.text)
    assert "CCC of arousal by speaker" in " ".join(page.captions)


def test_undefined_figures_are_na_whether_nan_or_none() -> None:
    run = sample_run(all_tasks=False)
    figures = run.metrics[run.protocol]["emotion"]
    figures["recall[anger]"] = {"value": None, "low": None, "high": None}
    figures["recall[neutral]"] = {"value": float("nan"), "low": float("nan"), "high": float("nan")}
    few = "5 speakers: the interval is uncertain with fewer than 10 speakers"
    figures["recall[sadness]"] |= {"note": few}
    page = Page(render(run))
    rows = page.table("Recall by class of emotion")
    assert rows["anger"][0] == rows["neutral"][0] == "n/a"
    assert f"sadness: {few}." in page.text


def test_an_undefined_headline_is_stated_and_not_drawn() -> None:
    run = sample_run(all_tasks=False)
    run.metrics[run.protocol]["emotion"]["uar"] = {"value": None, "low": None, "high": None}
    assert "The UAR of 'emotion' is undefined here." in Page(render(run)).text


def test_a_task_without_predictions_or_metrics_is_named_and_does_not_stop_the_report() -> None:
    run = sample_run()
    run.predictions["arousal.pred"] = np.nan
    del run.metrics[run.protocol]["arousal"]
    page = Page(render(run))
    assert "No metrics were computed for this task." in page.text
    assert page.table("Labels of each task")["arousal"][-1] == "0"


def test_a_headline_no_better_than_guessing_says_so() -> None:
    run = sample_run(all_tasks=False)
    run.metrics[run.protocol]["emotion"]["uar"] = {"value": 0.22, "low": 0.18, "high": 0.26}
    assert "Not distinguishable from chance." in Page(render(run)).text


def test_summaries_that_make_no_report_are_refused_with_the_reason() -> None:
    with pytest.raises(ProtocolError, match="unknown protocol 'cross-corpus'"):
        render(_with(protocol="cross-corpus"))
    with pytest.raises(TaskError, match="it has no task"):
        render(_with(tasks=[]))
    with pytest.raises(TaskError, match="'emotion' has no metrics under 'speaker-independent'"):
        render(_with(metrics={"speaker-independent": {}}))
    extra = [*sample_run(60).tasks, Task("valence", kind="regression")]
    with pytest.raises(ManifestError, match=r"no column 'valence\.true'"):
        render(_with(tasks=extra))


def _with(**changes: object) -> RunSummary:
    run = sample_run(60)
    for name, value in changes.items():
        setattr(run, name, value)
    return run


def test_what_models_chose_is_beside_the_model_and_not_a_warning() -> None:
    """The box at the top has what a reader must know first; choices of models are no such thing."""
    run = sample_run()
    run.notes = ["3 recordings are copies", "chosen on left-out speakers: emotion: svm: C 0.1"]
    html = render(run)
    first = html.split("Read this first")[1].split("</section>")[0]
    assert "3 recordings are copies" in first
    assert "chosen on left-out" not in first
    beside = html.split('<h2 id="features">')[1].split("</section>")[0]
    assert "Chosen on left-out speakers: emotion: svm: C 0.1." in beside


def test_tested_shortcuts_have_the_names_of_the_verdict_strongest_first() -> None:
    """Properties are named as in the verdict, with an interval in one cell."""
    row = {"low": 0.2, "high": 0.4, "chance": 0.2, "best class": "angry", "its UAR": 0.7}
    rows = [
        {"fact": "dc", "UAR": None, **row},
        {"fact": "floor", "UAR": 0.25, **row},
        {"fact": "level", "UAR": 0.3, **row},
    ]
    table = finding_table({"kind": TESTED, "table": rows})
    assert table is not None
    assert [line[0] for line in table.rows] == ["speech level", "noise floor", "DC offset"]
    assert [line[1] for line in table.rows[:2]] == ["0.300 [0.200, 0.400]", "0.250 [0.200, 0.400]"]
    assert table.rows[2][1] == "n/a"
    assert "chance is 0.200" in table.notes[0]


def test_an_empty_column_of_a_finding_is_left_out() -> None:
    """A column without a single value, such as 'differ in' of equal copies, is not shown."""
    table = finding_table({"kind": "copies", "table": [{"first": "a", "differ in": ""}]})
    assert table is not None
    assert table.columns == ["first"]


def test_code_in_messages_is_code_and_stays_escaped() -> None:
    finding = {
        "kind": "labels that are few",
        "severity": "warning",
        "message": "label `<b>x</b>` is rare: use `--task emotion`",
        "table": [],
    }
    run = sample_run()
    shown = render(replace(run, findings=[finding], notes=["fitted with `--weights <i>`"]))
    assert "<h3>Labels that are few <" in shown
    assert (
        "Label <code>&lt;b&gt;x&lt;/b&gt;</code> is rare: use <code>--task emotion</code>." in shown
    )
    assert "fitted with <code>--weights &lt;i&gt;</code>" in shown


def test_headings_begin_with_a_capital_letter() -> None:
    shown = render(sample_run())
    titles = re.findall(r"<h[1-3][^>]*>\s*([^<\s])", shown)
    assert titles
    assert [title for title in titles if title != title.upper()] == []
