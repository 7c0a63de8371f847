"""Passwords and signatures in addresses reach no file, no report, no error and no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from featser.api.audit import audit
from featser.api.extract import extract
from featser.api.scan import scan as scan_command
from featser.audit.audit_manifest import audit_manifest
from featser.corpora.card import load_card
from featser.corpora.manifest import write_manifest
from featser.corpora.scans.scanning import scan
from featser.credentials import without_credentials
from featser.errors import FeatserError, UnusableAudio
from featser.io import remote_access
from tests.flow import featser
from tests.remote_sounds import emodb, sound
from tests.server import Site, serving

pytest.importorskip("aiohttp")
pytest.importorskip("fsspec")

pytestmark = pytest.mark.extras

SECRETS = ("hunter2", "s3cr3t")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATSER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remote_access, "PAUSE_SECONDS", 0.0)


def signed(url: str) -> str:
    return url.replace("://", "://ann:hunter2@") + "?X-Amz-Signature=s3cr3t"


def written_below(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pw@h/a.wav", "https://h/a.wav"),
        ("https://ann@h/a.wav", "https://h/a.wav"),
        ("s3://id:pw@bucket/a@b.wav", "s3://bucket/a@b.wav"),
        ("https://h:8080/a@b.wav", "https://h:8080/a@b.wav"),
        ("https://h/a?sig=x", "https://h/a"),
        ("https://h/a?sv=1&sig=x&sp=r", "https://h/a?sv=1&sp=r"),
        ("https://h/a?token=x&take=2", "https://h/a?take=2"),
        ("https://h/a?X-Amz-Date=1&X-Amz-Signature=x#part", "https://h/a#part"),
        ("https://h/a?%73ig=x&AWSAccessKeyId=y", "https://h/a"),
        ("https://h/a?subscription-key=x;b=1", "https://h/a?b=1"),
        ("https://h/#access_token=x", "https://h/"),
        ("https://h/a?keyword=x&design=y", "https://h/a?keyword=x&design=y"),
        ("bad 'https://u:p@h/a?sig=x': 'ftp://u:p@h'", "bad 'https://h/a': 'ftp://h'"),
        ("https://u:it's@h/a b.wav?token=x y", "https://h/a b.wav y"),
        ("/home/ann/a@b?token=1.wav", "/home/ann/a@b?token=1.wav"),
    ],
)
def test_without_credentials_removes_them_and_nothing_else(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
    assert without_credentials(shown) == shown


def test_errors_show_no_credentials() -> None:
    url = "https://ann:hunter2@h/a.wav?sig=s3cr3t"
    for error in (FeatserError(f"{url}: no"), UnusableAudio(url, f"{url} is empty")):
        assert not any(secret in str(error) + repr(error.args[1:]) for secret in SECRETS)


def test_extract_writes_and_shows_no_credentials(site: Site, tmp_path: Path) -> None:
    site.user, site.files = "ann:hunter2", {"a.wav": sound(100), "b.wav": b"no sound"}
    urls = [signed(site.url(name)) for name in ("a.wav", "b.wav", "none.wav")]
    table = pd.DataFrame({"file": urls, "emotion": ["x", "y", "x"]})
    manifest = tmp_path / "m.csv"
    table.to_csv(manifest, index=False)
    result = extract(manifest, store=tmp_path / "store", features=["mfcc:basic"], n_jobs=1)
    assert result.done == 1
    assert result.unusable["file"].tolist() == [site.url("b.wav"), site.url("none.wav")]
    written = written_below(tmp_path / "store") + written_below(tmp_path / "cache")
    output = written + result.unusable.to_csv().encode()
    assert not any(secret.encode() in output for secret in SECRETS)
    unusable = pd.read_csv(tmp_path / "store" / "unusable.csv")
    assert (unusable["key"].fillna("") != "").tolist() == [True, False]


def test_scan_with_a_password_writes_addresses_without_it(site: Site, tmp_path: Path) -> None:
    site.user, site.files = "ann:hunter2", emodb("c/wav")
    folder = site.url("c").replace("://", "://ann:hunter2@")
    scan_command("emodb", folder, tmp_path / "m.csv")
    text = (tmp_path / "m.csv").read_text()
    assert site.url("c/wav/03a01Fa.wav") in text
    assert "hunter2" not in text


def test_addresses_without_credentials_are_fetched_with_those_of_netrc(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.user, site.files = "ann:hunter2", {"a.wav": sound(100)}
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password hunter2\n")
    netrc.chmod(0o600)
    (tmp_path / "m.csv").write_text(f"file\n{site.url('a.wav')}\n")
    assert (
        extract(tmp_path / "m.csv", store=tmp_path / "one", features=["mfcc:basic"], n_jobs=1).done
        == 0
    )
    monkeypatch.setenv("NETRC", str(netrc))
    access_options_are_read_again()
    assert (
        extract(tmp_path / "m.csv", store=tmp_path / "two", features=["mfcc:basic"], n_jobs=1).done
        == 1
    )


def access_options_are_read_again() -> None:
    from fsspec.implementations.http import HTTPFileSystem

    HTTPFileSystem.clear_instance_cache()


def test_audit_shows_no_credentials(site: Site, tmp_path: Path) -> None:
    site.user, site.files = "ann:hunter2", emodb("c/wav")
    site.files["c/wav/03a01Na.wav"] = site.files["c/wav/03a01Fa.wav"]
    table = pd.DataFrame({"file": [signed(site.url(name)) for name in sorted(site.files)]})
    table["emotion"] = [name[-6] for name in sorted(site.files)]
    result = audit_manifest(table, jobs=1)
    assert result.folder == site.url("c/wav")
    output = str(result.to_dict())
    write_manifest(table, tmp_path / "m.csv")
    table.to_csv(tmp_path / "signed.csv", index=False)
    audit(tmp_path / "signed.csv", output=tmp_path / "audit.json", n_jobs=1)
    output += (tmp_path / "m.csv").read_text() + (tmp_path / "audit.json").read_text()
    assert "03a01Na.wav" in output
    assert not any(secret in output for secret in SECRETS)


def test_the_command_line_shows_no_credentials(site: Site, tmp_path: Path) -> None:
    site.user = "ann:hunter2"
    done = featser("extract", signed(site.url("none.csv")), cwd=tmp_path)
    assert done.returncode != 0
    assert site.url("none.csv") in done.stdout + done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)


def test_scan_of_a_remote_folder_keeps_access_in_memory(site: Site) -> None:
    """A single command that scans and reads keeps the user's credentials in memory."""
    site.user, site.files = "ann:hunter2", emodb("c/wav")
    result = scan(load_card("emodb"), site.url("c").replace("://", "://ann:hunter2@"))
    assert result.manifest["file"].str.contains("hunter2").all()
