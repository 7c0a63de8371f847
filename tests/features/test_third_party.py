"""Extractors of other packages: found by entry points, checked, and named where they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from featser.errors import FeatureError
from featser.features.registry import (
    extractor_names,
    extractor_problems,
    list_extractors,
    make_extractor,
)
from tests.flow import featser

EXAMPLE = Path(__file__).resolve().parents[1] / "plugin_example"
MODELS = Path(__file__).resolve().parents[1] / "models" / "third_party"
CODE = (EXAMPLE / "featser_plugin_example.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed by pip into a folder of its own."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", target, EXAMPLE],
        check=True,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return target


def run(installed: Path, *arguments: object) -> str:
    """Run ``featser`` where the example packages can be imported."""
    done = featser(*arguments, env={"PYTHONPATH": f"{installed}{os.pathsep}{MODELS}"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def recordings(folder: Path) -> Path:
    """Clicks and noise of four speakers: the crest factor separates them."""
    rng = np.random.default_rng(0)
    rows = []
    for speaker in "abcd":
        for number in range(6):
            label = ("click", "noise")[number % 2]
            samples = rng.normal(0, 0.05, 8_000)
            if label == "click":
                samples = 0.02 * samples
                samples[::400] = 0.5
            file = folder / f"{speaker}{number}.wav"
            soundfile.write(file, samples, 16_000)
            rows.append({"file": file.name, "speaker": speaker, "emotion": label})
    manifest = folder / "manifest.csv"
    pd.DataFrame(rows).to_csv(manifest, index=False)
    return manifest


@pytest.mark.slow
def test_installed_package_is_listed_extracted_fitted_and_predicts(installed, tmp_path):
    listed = run(installed, "features")
    assert "crest factor of frames (featser-plugin-example 1.0)" in listed
    helped = " ".join(run(installed, "fit", "--help").split())
    assert "Added by installed packages: crest." in helped
    assert "multiscale, bayes, broken, mistaken, renamed, unmade, vote (default)" in helped
    manifest, store, output = recordings(tmp_path), tmp_path / "store", tmp_path / "run"
    run(installed, "extract", manifest, "--store", store, "-f", "crest", "-f", "trim:crest")
    run(installed, "fit", "--store", store, "--model", "bayes,logistic", "-o", output)
    report = (output / "report.html").read_text("utf-8")
    assert "featser-plugin-example" in report
    assert "featser-bayes" in report
    assert "<strong>crest, trim:crest</strong>" in report
    assert "<strong>bayes,logistic</strong>" in report
    predicted = run(installed, "predict", output / "model.featser", tmp_path / "a0.wav")
    assert "click" in predicted
    without = featser(
        "predict", output / "model.featser", tmp_path / "a0.wav", env={"PYTHONPATH": str(MODELS)}
    )
    assert without.returncode != 0
    assert "crest" in without.stdout + without.stderr


def offer(folder: Path, package: str, version: str, points: str, code: str = CODE) -> None:
    """Write a package as pip leaves it, with a module of its own name."""
    (folder / f"{package}.py").write_text(code, encoding="utf-8")
    info = folder / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[featser.extractors]\n{points}\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of packages that can be imported; what was imported of it is forgotten after."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def fingerprint(paths: Path, spec: str) -> str:
    code = f"from featser.features import make_extractor as m; print(m({spec!r}).fingerprint())"
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout


@pytest.mark.parametrize("spec", ["crest", "trim:crest"])
def test_fingerprint_changes_with_the_version_of_the_package(tmp_path, spec):
    for version in ("1.0", "1.1"):
        (tmp_path / version).mkdir()
        offer(tmp_path / version, "toy_crest", version, "crest = toy_crest:Crest")
    old, new = (fingerprint(tmp_path / version, spec) for version in ("1.0", "1.1"))
    assert old == fingerprint(tmp_path / "1.0", spec)
    assert old != new


def test_names_are_listed_without_importing_the_package(folder):
    offer(folder, "toy_quiet", "1", "quiet = toy_quiet:Crest")
    with pytest.raises(FeatureError, match=r"valid: handcrafted, .*, quiet$"):
        make_extractor("no-such-extractor")
    assert "toy_quiet" not in sys.modules


def renamed(name: str) -> str:
    return CODE.replace('name = "crest"', f'name = "{name}"')


BROKEN = {
    "toy_import": ("first", "import no_such_module", "ModuleNotFoundError"),
    "toy_type": ("first", "def Crest(): return 3", "returns int, not an Extractor"),
    "toy_spec": ("first", CODE, "it calls itself 'crest'"),
    "toy_own": ("mfcc", renamed("mfcc"), "featser itself uses this name"),
    "toy_name": ("a+b", renamed("a+b"), "a name consists of letters"),
    "toy_double": (
        "first",
        renamed("first").replace('"crest.std"', '"crest.mean"'),
        "two of its values have the same name",
    ),
    "toy_library": (
        "first",
        renamed("first").replace('("numpy"', '("no-such-library"'),
        "PackageNotFoundError",
    ),
    "toy_cost": ("first", renamed("first").replace("cost_ms = 0.1", ""), "cost_ms"),
}


@pytest.mark.parametrize("package", BROKEN)
def test_broken_package_is_named_and_does_not_break_the_others(folder, package):
    name, code, reason = BROKEN[package]
    offer(folder, package, "2.5", f"{name} = {package}:Crest", code)
    offer(folder, "toy_good", "1", "good = toy_good:Crest", renamed("good"))
    infos = {info.name: info for info in list_extractors()}
    assert tuple(infos) == (*extractor_names(), "good")
    assert infos["good"].package == "toy_good 1"
    (problem,) = extractor_problems()
    assert f"'{name}' of the package {package} 2.5 cannot be used: " in problem
    assert reason in problem
    assert problem.endswith(f"(pip uninstall {package})")
    if name == "first" and package != "toy_cost":
        with pytest.raises(FeatureError, match=f"package {package} 2.5"):
            make_extractor("first")
    assert make_extractor("mfcc").dimension == 280


def test_two_packages_with_the_same_name_are_both_refused(folder):
    offer(folder, "toy_a", "1", "crest = toy_a:Crest")
    offer(folder, "toy_b", "1", "crest = toy_b:Crest")
    with pytest.raises(FeatureError, match="toy_b 1 offers the same name"):
        make_extractor("crest")
    assert len(extractor_problems()) == 2


def test_class_outside_its_package_is_refused(folder):
    """Its fingerprint would stay the same whatever version of the package is installed."""
    (folder / "toy_elsewhere.py").write_text(CODE)
    offer(folder, "toy_front", "1", "crest = toy_front:Crest", "from toy_elsewhere import Crest")
    with pytest.raises(FeatureError, match="is defined in toy_elsewhere, outside the package"):
        make_extractor("crest")


def test_preset_of_another_packages_extractor_is_refused(folder):
    offer(folder, "toy_preset", "1", "crest = toy_preset:Crest")
    with pytest.raises(FeatureError, match="crest has no presets; write 'crest'"):
        make_extractor("crest:basic")


def test_values_of_another_shape_than_announced_are_refused(folder):
    code = CODE.replace("crest.mean(), crest.std()", "crest.mean()")
    offer(folder, "toy_shape", "1", "crest = toy_shape:Crest", code)
    manifest = recordings(folder)
    done = featser(
        "extract", manifest, "--store", folder / "store", "-f", "crest",
        env={"PYTHONPATH": str(folder)},
    )  # fmt: skip
    assert "the extractor returned values of shape (1,), not (2,)" in done.stdout + done.stderr
