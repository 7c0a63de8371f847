"""Recordings inside archives and tables are read as they are: same keys, same features."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from featser.audio import content_hash, decode
from featser.corpora.card import load_card
from featser.corpora.manifest import read_manifest
from featser.corpora.scans.pattern_scan import scan_pattern
from featser.corpora.scans.scanning import ScanResult, scan
from featser.corpora.scans.side_tables import side_table_copies
from featser.errors import CardError, UnusableAudio
from featser.extraction.extraction import extract_manifest
from featser.io.nested_files import extracted, is_there, split_nested
from featser.store.feature_store import Store
from tests.flow import featser_here
from tests.remote_sounds import sound

NAMES = ("angry/a.wav", "angry/b c.wav", "sad/d.wav", "sad/ä.wav")
SOUNDS = {name: sound(100 + 20 * n) for n, name in enumerate(NAMES)}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))


def write_zip(path: Path, files: dict[str, bytes], top: str = "corpus/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in files.items():
            zipped.writestr(top + name, data)
    return path


def write_tar(path: Path, files: dict[str, bytes], top: str = "./") -> Path:
    compressed = {"gz": "w:gz", "tgz": "w:gz", "xz": "w:xz"}
    with tarfile.open(path, compressed.get(path.suffix[1:], "w")) as tarred:
        for name, data in files.items():
            info = tarfile.TarInfo(top + name)
            info.size = len(data)
            tarred.addfile(info, io.BytesIO(data))
    return path


def write_table(path: Path, group: int = 2, **columns: list[object]) -> Path:
    """A table as the library `datasets` writes it: recordings, and numbers of classes."""
    audio = [{"bytes": data, "path": Path(name).name} for name, data in SOUNDS.items()]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    table = pa.table({"audio": pa.array(audio, kind), **columns})
    features = {"emotion": {"names": ["angry", "sad"], "_type": "ClassLabel"}}
    described = json.dumps({"info": {"features": features}})
    table = table.replace_schema_metadata({"huggingface": described})
    pq.write_table(table, path, row_group_size=group)
    return path


def unpacked(folder: Path) -> Path:
    for name, data in SOUNDS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def in_table(folder: Path) -> pd.DataFrame:
    table = write_table(folder / "train.parquet", emotion=[0, 0, 1, 1], speaker=list("abcd"))
    return scan(load_card("table"), table).manifest


def scanned(source: Path) -> pd.DataFrame:
    return scan(load_card("folders"), source).manifest


@pytest.fixture
def manifests(tmp_path: Path) -> dict[str, pd.DataFrame]:
    return {
        "plain": scanned(unpacked(tmp_path / "plain")),
        "zip": scanned(write_zip(tmp_path / "corpus.zip", SOUNDS)),
        "tar": scanned(write_tar(tmp_path / "corpus.tar", SOUNDS)),
        "tar.gz": scanned(write_tar(tmp_path / "corpus.tar.gz", SOUNDS)),
        "tar.xz": scanned(write_tar(tmp_path / "corpus.tar.xz", SOUNDS)),
        "parquet": in_table(tmp_path),
    }


KINDS = ["zip", "tar", "tar.gz", "tar.xz", "parquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_members_have_the_keys_and_labels_of_the_plain_files(
    tmp_path: Path, manifests: dict[str, pd.DataFrame], kind: str
) -> None:
    plain, inside = manifests["plain"], manifests[kind]
    assert inside["emotion"].to_list() == plain["emotion"].to_list()
    assert inside["file"].str.contains("::").all()
    assert [content_hash(file) for file in inside["file"]] == [
        content_hash(file) for file in plain["file"]
    ]
    store = Store(tmp_path / "store")
    first = extract_manifest(plain, ["rms:basic"], store, n_jobs=1)
    again = extract_manifest(inside, ["rms:basic"], store, n_jobs=1)
    assert (first.done, again.done, again.reused) == (4, 0, 4)
    assert again.keys == first.keys


def test_members_are_decoded_in_any_order(manifests: dict[str, pd.DataFrame]) -> None:
    plain = list(manifests["plain"]["file"])
    for kind in KINDS:
        files = list(manifests[kind]["file"])
        for row in (3, 0, 2, 1):
            ours, expected = decode(files[row]), decode(plain[row])
            assert np.array_equal(ours.samples, expected.samples)
            assert ours.facts == expected.facts


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_members_whose_names_lead_out_of_an_archive_have_a_note(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    path = tmp_path / ("corpus.zip" if write is write_zip else "corpus.tar")
    outside = {"../e.wav": sound(300), "sad/../../f.wav": sound(320)}
    write(path, {**{f"corpus/{name}": data for name, data in SOUNDS.items()}, **outside}, top="")
    shown = featser_here("scan", "folders", path, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    output = " ".join((shown.stdout + shown.stderr).split())
    assert "4 utterances" in output
    assert "2 recordings left out because the name leads out of the archive" in output


def test_a_zip_archive_with_back_slashes_is_read_with_slashes(tmp_path: Path) -> None:
    """Some programs of Windows write them."""
    path = tmp_path / "corpus.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in SOUNDS.items():
            zipped.writestr(name.replace("/", "\\"), data)
        zipped.writestr("..\\e.wav", sound(300))
        zipped.writestr("sad\\", b"")
    result = scan(load_card("folders"), path)
    assert set(result.manifest["emotion"]) == {"angry", "sad"}
    for file in result.manifest["file"]:
        inside = split_nested(file)
        assert inside is not None
        assert is_there(file)
        with extracted(Path(inside[0]), inside[1]) as copy:
            assert copy.read_bytes() == SOUNDS[inside[1]]
    assert any("1 recording left out because the name leads out" in note for note in result.notes)


def test_names_that_occur_twice_in_a_zip_archive_have_a_note(tmp_path: Path) -> None:
    files = {**SOUNDS, "sad/x.wav": sound(300)}
    path = write_zip(tmp_path / "corpus.zip", files, top="")
    path.write_bytes(path.read_bytes().replace(b"sad/x.wav", b"sad/d.wav"))
    result = scan(load_card("folders"), path)
    assert len(result.manifest) == len(SOUNDS)
    note = "1 name more than once in the archive, such as 'sad/d.wav': the last recording of a name"
    assert any(note in one for one in result.notes)
    with extracted(path, "sad/d.wav") as copy:
        assert copy.read_bytes() == sound(300)


def test_members_whose_names_are_no_text_have_a_note(tmp_path: Path) -> None:
    path = tmp_path / "corpus.tar"
    with tarfile.open(path, "w") as tarred:
        for name, data in SOUNDS.items():
            info = tarfile.TarInfo(name.replace("d.wav", "\udce9.wav"))
            info.size = len(data)
            tarred.addfile(info, io.BytesIO(data))
    shown = featser_here("scan", "folders", path, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    output = " ".join((shown.stdout + shown.stderr).split())
    assert "3 utterances" in output
    assert "1 file left out because the path is not UTF-8 text" in output


def test_an_archive_goes_from_scan_to_features(tmp_path: Path) -> None:
    write_zip(tmp_path / "corpus.zip", {**SOUNDS, "notes.dss": b"x", ".hidden.wav": b"x"})
    shown = featser_here("scan", "folders", "corpus.zip", "-o", "m.csv", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "1 DSS (.dss)" in " ".join(shown.stdout.split())
    files = pd.read_csv(tmp_path / "m.csv")["file"].to_list()
    assert files == [f"corpus.zip::corpus/{name}" for name in NAMES]
    shown = featser_here("extract", "m.csv", "-f", "rms:basic", "-j", "1", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "4 done" in shown.stdout
    arguments = ("extract", "corpus.zip", "--corpus", "folders", "-f", "rms:basic", "-j", "1")
    assert "4 reused" in featser_here(*arguments, cwd=tmp_path).stdout


def test_an_archive_is_read_by_a_pattern(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "corpus.zip", SOUNDS)
    manifest = scan_pattern(archive, "{emotion}/*.wav").manifest
    assert manifest["emotion"].to_list() == ["angry", "angry", "sad", "sad"]
    assert manifest["file"].to_list() == [f"{archive}::corpus/{name}" for name in NAMES]
    assert set(manifest["corpus"]) == {"corpus"}


def test_the_outermost_folder_is_a_part_of_the_path_where_it_is_needed(tmp_path: Path) -> None:
    files = {name: SOUNDS[name] for name in NAMES[:2]}
    archive = write_zip(tmp_path / "corpus.zip", files, top="")
    for manifest in (scanned(archive), scan_pattern(archive, "{emotion}/*.wav").manifest):
        assert manifest["emotion"].to_list() == ["angry", "angry"]


def test_members_that_do_not_exist_are_missing(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", SOUNDS, top="")
    write_table(tmp_path / "t.parquet")
    files = ["a.zip::angry/a.wav", "a.zip::angry/z.wav", "b.zip::x.wav", "t.parquet::3"]
    files += ["t.parquet::4", "t.parquet::x"]
    (tmp_path / "m.csv").write_text("file,emotion\n" + "".join(f"{f},sad\n" for f in files))
    result: ScanResult = scan(load_card("table"), tmp_path / "m.csv")
    here = tmp_path.resolve()
    assert result.missing == sorted(str(here / files[n]) for n in (1, 2, 4, 5))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.zip::nothing.wav", "the archive has no file 'nothing.wav'"),
        ("a.tar::nothing.wav", "the archive has no file 'nothing.wav'"),
        ("none.zip::a.wav", "no such file"),
        ("noise.zip::a.wav", "the archive is damaged or not supported"),
        ("noise.tar::a.wav", "the archive is damaged or not supported"),
        ("noise.parquet::0", "not a Parquet file that can be read"),
        ("a.tar.gz::nothing.wav", "the archive has no file 'nothing.wav'"),
        ("cut.tar.gz::angry/a.wav", "damaged or truncated after .* bytes .*: download or copy it"),
        ("noise.tar.gz::a.wav", "the archive is damaged or not supported.*: download or copy it"),
        ("t.parquet::4", "the table has no row '4'"),
        ("t.parquet::-1", "the table has no row '-1'"),
        ("plain.parquet::0", "the table has no column with `bytes`"),
        ("cut.zip::angry/a.wav", "damaged or not supported"),
        ("cut.tar::sad/d.wav", "damaged or not supported|truncated|no file"),
        ("bomb.zip::a.wav", "damaged: .* bytes in the archive announce"),
        ("a.zip::../a.zip", "the archive has no file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    files = {"a.zip": write_zip, "a.tar": write_tar, "a.tar.gz": write_tar}
    for file, write in files.items():
        write(tmp_path / file, SOUNDS, "")
    write_table(tmp_path / "t.parquet")
    pd.DataFrame({"file": ["a.wav"]}).to_parquet(tmp_path / "plain.parquet")
    for ending in ("zip", "tar", "tar.gz", "parquet"):
        (tmp_path / f"noise.{ending}").write_bytes(np.random.default_rng(0).bytes(3000))
    damaged = bytearray((tmp_path / "a.zip").read_bytes())
    damaged[200:260] = bytes(60)
    (tmp_path / "cut.zip").write_bytes(bytes(damaged))
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    whole = (tmp_path / "a.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_BZIP2) as zipped:
        zipped.writestr("a.wav", bytes(20_000_000))
    with pytest.raises(UnusableAudio, match=reason) as caught:
        decode(str(tmp_path / name))
    assert str(caught.value).startswith(str(tmp_path / name))
    assert "\n" not in caught.value.reason
    with pytest.raises(UnusableAudio, match=reason):
        content_hash(str(tmp_path / name))


def test_an_archive_without_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(CardError, match=r"a\.zip: the archive is damaged"):
        scan(load_card("folders"), tmp_path / "a.zip")


def test_an_archive_that_changes_is_read_again(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"a.wav": SOUNDS[NAMES[0]]}, top="")
    first = content_hash(f"{path}::a.wav")
    write_zip(path, {"b.wav": SOUNDS[NAMES[1]], "a.wav": SOUNDS[NAMES[1]]}, top="")
    assert content_hash(f"{path}::a.wav") != first


def test_a_table_of_recordings_is_a_manifest(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", emotion=[0, 1, 1, 0], file=["x", "y", "z", "w"])
    table = read_manifest(path)
    assert table["file"].to_list() == [f"t.parquet::{n}" for n in range(4)]
    assert table["emotion"].to_list() == ["angry", "sad", "sad", "angry"]
    assert table["file_name"].to_list() == ["x", "y", "z", "w"]


def test_a_row_without_bytes_is_refused(tmp_path: Path) -> None:
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    audio = pa.array([{"bytes": None, "path": "a.wav"}], kind)
    pq.write_table(pa.table({"audio": audio}), tmp_path / "t.parquet")
    with pytest.raises(UnusableAudio, match="row 0 holds no bytes of a recording"):
        decode(str(tmp_path / "t.parquet::0"))


def test_a_table_of_recordings_goes_to_features(tmp_path: Path) -> None:
    write_table(tmp_path / "train.parquet", emotion=[0, 0, 1, 1])
    arguments = ("extract", "train.parquet", "-f", "rms:basic", "-j", "1")
    assert "4 done" in featser_here(*arguments, cwd=tmp_path).stdout
    shown = featser_here("audit", "train.parquet", "-j", "1", cwd=tmp_path)
    assert "cannot be used" not in shown.stdout
    assert "train.parquet" in shown.stdout + shown.stderr


ACTORS = b"ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,x,y\n1002,21,Female,x,y\n"
RECORDED = {f"AudioWAV/{actor}_DFA_ANG_XX.wav": b"x" for actor in (1001, 1002)}


@pytest.mark.parametrize(
    ("write", "ending"), [(write_zip, "zip"), (write_tar, "tar"), (write_tar, "tgz")]
)
def test_side_tables_inside_an_archive_are_read(
    tmp_path: Path, write: Callable[..., Path], ending: str
) -> None:
    archive = write(tmp_path / f"c.{ending}", {**RECORDED, "VideoDemographics.csv": ACTORS})
    manifest = scan(load_card("crema-d"), archive).manifest
    assert manifest["gender"].to_list() == ["male", "female"]


def test_no_member_is_written_outside(tmp_path: Path) -> None:
    names = ("../VideoDemographics.csv", "/VideoDemographics.csv", "a/../../VideoDemographics.csv")
    archive = write_zip(tmp_path / "c.zip", RECORDED | dict.fromkeys(names, ACTORS), top="")
    result = scan(load_card("crema-d"), archive)
    assert any(f"VideoDemographics.csv was not found in {archive}" in n for n in result.notes)
    with (
        pytest.raises(CardError, match="lies outside the corpus"),
        side_table_copies(load_card("crema-d"), {names[2]: f"{archive}::{names[2]}"}),
    ):
        pass
