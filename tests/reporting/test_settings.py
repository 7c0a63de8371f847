"""The report's section on settings is derived from the fields of the experiment."""

from __future__ import annotations

from featser.experiment.schema import GROUPS, Experiment
from featser.experiment.settings import described_settings
from featser.reporting.html import render
from featser.reporting.settings_section import by_group
from tests.reporting.sample import sample_run


def test_settings_have_every_field_of_a_fit_in_the_order_of_the_groups() -> None:
    groups = by_group(described_settings(Experiment(model="svm", kinds={"arousal": "ordinal"})))
    assert list(groups) == list(GROUPS)
    for name, fields in GROUPS.items():
        expected = [field for field in fields.model_fields if field != "draws"]
        assert [setting.name for setting in groups[name]] == expected
    changed = {one.name: one.value for group in groups.values() for one in group if one.is_changed}
    assert changed == {"kinds": "arousal: ordinal", "model": "svm"}


def test_report_marks_settings_that_differ_from_the_default() -> None:
    experiment = Experiment(model="svm", labels={"emotion": {"<b>": None}}, seed=0)
    page = render(sample_run(settings=described_settings(experiment)))
    assert "Model (9 settings, 1 changed)" in page
    assert '<strong>svm</strong></td><td class="text">vote</td>' in page
    assert "<strong>emotion: (&lt;b&gt;: removed)</strong>" in page
    assert "Random seed for folds and models." in page
    assert page.count('aria-label="Settings: ') == len(GROUPS)


def test_report_without_settings_has_no_section_on_them() -> None:
    assert 'href="#settings"' not in render(sample_run())
