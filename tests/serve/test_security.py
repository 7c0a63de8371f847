"""Each promise of safety is attacked, over connections that a test writes itself where it must."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from tests.serve.running_server import RunningServer, read_to_the_end, running_server

pytestmark = pytest.mark.extras

TOKEN = "a-token-of-many-letters"
OWN_PAGE = "http://127.0.0.1:{port}"


def get(server: RunningServer, path: str, **headers: str) -> requests.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(server.address + path, headers=names, timeout=30, allow_redirects=False)


@pytest.fixture(scope="module")
def locked(fitted: Path, tmp_path_factory: pytest.TempPathFactory):
    """A server with a token, whose limits are small."""
    limits = {
        "megabytes": 0.3, "seconds": 5.0, "files": 3, "idle_s": 0.5, "upload_s": 1.5,
        "timeout_s": 10.0,
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("locked")
    with running_server(folder, fitted, token=TOKEN, limits=limits) as running:
        yield running


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "",
        "localhost.evil.example", "192.168.0.7:{port}", "[::ffff:8.8.8.8]:{port}",
        "localhost@evil.example", "\u00e4.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/v1/models", "/healthz", "/assets/try.js"])
def test_rebound_name_is_refused(server: RunningServer, host: str, path: str) -> None:
    """A name that a stranger points at 127.0.0.1 reaches the port, but gets nothing."""
    shown = host.format(port=server.port)
    with server.connect() as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: {shown}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("latin-1"))
        answer = read_to_the_end(connection)
    assert re.match(rb"HTTP/1\.1 (421|400) ", answer)
    assert b"demo" not in answer


def test_two_hosts_are_refused(server: RunningServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert connection.recv(65536).startswith((b"HTTP/1.1 421", b"HTTP/1.1 400"))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "127.0.0.2", "LOCALHOST"])
def test_names_of_this_machine_are_accepted(server: RunningServer, name: str) -> None:
    """Also with another port, as through a tunnel of ssh."""
    assert get(server, "/v1/models", Host=f"{name}:9000").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {
            "Sec-Fetch-Site": "cross-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
        },
    ],
)
def test_page_of_another_site_cannot_ask(
    server: RunningServer, clips: list[Path], headers: dict[str, str]
) -> None:
    """Forms, images, scripts and fetches of strangers' pages, and their top-level forms."""
    for answer in (
        requests.post(
            f"{server.address}/v1/predict", clips[0].read_bytes(), headers=headers, timeout=30
        ),
        requests.get(f"{server.address}/v1/models", headers=headers, timeout=30),
    ):
        assert answer.status_code == 403
        assert "another site" in answer.json()["error"]["message"]
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_own_page_can_ask_and_links_to_it_work(server: RunningServer) -> None:
    own = OWN_PAGE.format(port=server.port)
    assert get(server, "/v1/models", Origin=own, Sec_Fetch_Site="same-origin").status_code == 200
    link = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert get(server, "/", **link, Sec_Fetch_Dest="document").status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_live_socket_of_another_site_is_refused(server: RunningServer, origin: str) -> None:
    """A page of a stranger may open WebSockets to any address: the server must refuse them."""
    client = pytest.importorskip("websockets.sync.client")
    errors = pytest.importorskip("websockets.exceptions")
    address = server.address.replace("http", "ws") + "/v1/live"
    with pytest.raises(errors.InvalidStatus, match="403"):
        client.connect(address, origin=origin)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \xff\xfe"},
        {"Cookie": f"featser_token={TOKEN[::-1]}"},
        {"Cookie": f"other={TOKEN}"},
        {"Cookie": "featser_token"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/predict", "/metrics", "/openapi.json"])
def test_without_the_token_nothing_is_answered(
    locked: RunningServer, headers: dict[str, str], path: str
) -> None:
    method = "POST" if path == "/v1/predict" else "GET"
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = requests.request(method, locked.address + path, headers=encoded, timeout=30)
    assert answer.status_code == 401
    assert "demo" not in answer.text
    assert "classification" not in answer.text


def test_token_opens_the_api_and_the_page(locked: RunningServer) -> None:
    for headers in ({"Authorization": f"Bearer {TOKEN}"}, {"Cookie": f"featser_token={TOKEN}"}):
        assert get(locked, "/v1/models", **headers).status_code == 200
    assert get(locked, "/healthz").json() == {"status": "ok"}
    asked = get(locked, "/")
    assert asked.status_code == 401
    assert 'name="token"' in asked.text


def test_token_of_the_address_becomes_a_cookie_and_leaves_the_address(
    locked: RunningServer,
) -> None:
    for answer in (
        get(locked, f"/?token={TOKEN}"),
        requests.post(
            f"{locked.address}/login", {"token": TOKEN}, timeout=30, allow_redirects=False
        ),
    ):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert cookie == f"featser_token={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    wrong = get(locked, "/?token=wrong")
    assert wrong.status_code == 401
    assert "Set-Cookie" not in wrong.headers


def test_live_socket_needs_the_token(locked: RunningServer) -> None:
    client = pytest.importorskip("websockets.sync.client")
    errors = pytest.importorskip("websockets.exceptions")
    address = locked.address.replace("http", "ws") + "/v1/live"
    with pytest.raises(errors.InvalidStatus, match="403"):
        client.connect(address)
    with client.connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}):
        pass


def test_tokens_are_compared_in_constant_time() -> None:
    """The comparison is that of the standard library for secrets, and no other occurs."""
    security = pytest.importorskip("featser.serve.requests.security")
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security.hmac, "compare_digest", compare)
        settings = pytest.importorskip("featser.serve.settings").ServeSettings(token=TOKEN)
        guard = security.Guard(None, settings)
        assert not guard.has_token([("authorization", "Bearer a")])
        assert guard.has_token([("cookie", f"featser_token={TOKEN}")])
    assert compared == [(b"a", TOKEN.encode()), (TOKEN.encode(), TOKEN.encode())]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../settings.py", "/assets/..%2fsettings.py", "/assets/%2e%2e/settings.py",
        "/assets/....//settings.py", "//etc/passwd", "/assets//etc/passwd", "/assets/%00",
        "/assets/..\\settings.py", "/v1/../../etc/passwd", "/assets/try.js%00.css",
        "/assets/../templates/try.html.j2", "/?file=/etc/passwd",
    ],
)  # fmt: skip
def test_no_path_of_a_request_is_opened(server: RunningServer, path: str) -> None:
    """Written by hand: clients of tests would tidy the path."""
    with server.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = read_to_the_end(connection)
    assert b"root:" not in answer
    assert b"ServeSettings" not in answer
    assert b"{% " not in answer
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 200"))
    assert answer.startswith(b"HTTP/1.1 200") == path.startswith("/?")


def test_model_is_a_name_and_no_path(server: RunningServer, fitted: Path) -> None:
    for name in (str(fitted / "model.featser"), "../run", "open", "http://127.0.0.1:1/model"):
        answer = requests.get(f"{server.address}/v1/model", {"model": name}, timeout=30)
        assert answer.status_code == 400
        assert "unknown model" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/", "/v1/models", "/none", "/assets/try.js", "/healthz"])
def test_every_answer_has_the_headers_of_safety(server: RunningServer, path: str) -> None:
    headers = get(server, path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "server" not in {name.lower() for name in headers}


def test_page_has_no_inline_script_and_no_style(server: RunningServer) -> None:
    page = get(server, "/").text
    assert re.findall(r"<script[^>]*>", page) == ['<script type="module" src="/assets/try.js">']
    assert '<script type="module" src="/assets/try.js"></script>' in page
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r"https?://", page)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "0.0.0.0"}, "host: 0.0.0.0 can be reached from other machines: add --token auto"),
        ({"host": "::"}, "host: :: can be reached from other machines"),
        ({"token": "short"}, "the token has 5 characters: give 16 or more"),
        ({"token": "with a space in the token"}, "ASCII characters only, and no spaces"),
        ({"port": 70_000}, "port: 70000 is not valid"),
        ({"workers": 0}, "workers: 0 is not valid"),
    ],
)  # fmt: skip
def test_unsafe_or_wrong_settings_are_refused(options: dict[str, object], message: str) -> None:
    from featser.errors import InputError
    from featser.serve.settings import ServeSettings

    with pytest.raises(InputError, match=re.escape(message)):
        ServeSettings(**options)  # type: ignore[arg-type]


def test_server_for_others_accepts_addresses_but_no_foreign_name() -> None:
    """An address as a number cannot be rebound; a name can, unless the user allows it."""
    security = pytest.importorskip("featser.serve.requests.security")
    settings = pytest.importorskip("featser.serve.settings")
    shared = settings.ServeSettings(host="0.0.0.0", token=TOKEN, names=("lab.example",))
    guard = security.Guard(None, shared)
    for host in ("192.168.0.7:8765", "lab.example", "localhost:8765", "[fe80::1]:8765"):
        guard._check_host([("host", host)])
    for host in ("evil.example", "192.168.0.7.evil.example", "lab.example.evil"):
        with pytest.raises(Exception, match="not a name of this server"):
            guard._check_host([("host", host)])


def test_log_has_neither_token_nor_names(locked: RunningServer, clips: list[Path]) -> None:
    with clips[0].open("rb") as stream:
        answer = requests.post(
            f"{locked.address}/v1/predict?name=private-name.flac",
            data=stream,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
        )
    assert answer.status_code == 200
    get(locked, "/private-path")
    requests_logged = [line for line in locked.lines if " /" in line and "http://" not in line]
    assert any("POST /v1/predict 200" in line for line in requests_logged)
    assert not any("private" in line or TOKEN in line for line in requests_logged)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from featser.errors import ResourceError
    from featser.serve import server as module

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r'not installed here: pip install "featser\[serve\]"'):
        module.serve([])


def test_port_in_use_and_unusable_model_end_in_one_line(server: RunningServer, tmp_path) -> None:
    """Before anything is served, with the exit codes of all commands."""
    from tests.flow import featser

    shown = featser("serve", "none.featser", "--port", server.port, "--no-browser", cwd=tmp_path)
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
    assert f"--port: {server.port} cannot be listened on at 127.0.0.1" in shown.stderr
    shown = featser("serve", "none.featser", "--port", "0", "--no-browser", cwd=tmp_path)
    assert shown.returncode == 1
    assert shown.stderr.splitlines()[-1].startswith("featser: none.featser: no such file")
