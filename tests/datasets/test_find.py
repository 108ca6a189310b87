import gzip
import hashlib
import http.server
import os
import struct
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from chainrule.datasets.known import download as download_module
from chainrule.datasets.known import find as find_module
from chainrule.datasets.known import mnist
from chainrule.datasets.known.download import download
from chainrule.datasets.known.find import File, PictureSet, cache_folder, find
from chainrule.errors import DataError, StorageError
from tests.patience import PATIENCE


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def contents():
    rng = np.random.default_rng(0)
    pixels = {name: rng.integers(0, 256, (n, 28, 28), np.uint8) for name, n in (("train", 30), ("t10k", 10))}
    labels = {name: (np.arange(len(array)) % 10).astype(np.uint8) for name, array in pixels.items()}
    return {
        f"{name}-{kind}-idx{array.ndim}-ubyte": idx(array)
        for name in pixels
        for kind, array in (("images", pixels[name]), ("labels", labels[name]))
    }


CONTENTS = contents()
FIRST = next(iter(CONTENTS))


class Server:
    """A mirror on this machine: what it serves can be changed, and it remembers what it was asked for."""

    def __init__(self):
        self.files = {f"/{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
        self.asked, self.agents, self.cut = [], set(), 0
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                mirror.agents.add(self.headers["User-Agent"])
                body = mirror.files.get(self.path)
                if body is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) - mirror.cut])

            def log_message(self, *args):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Every place that is searched lies in this test's own folder."""
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(find_module, "_SYSTEM", tmp_path / "system")


def picture_set(*mirrors, name="mnist"):
    files = tuple(
        File(key, len(content), hashlib.sha256(content).hexdigest()) for key, content in CONTENTS.items()
    )
    return PictureSet(name, tuple("0123456789"), files, mirrors)


def fill(folder, compress=True, dotted=False):
    folder.mkdir(parents=True, exist_ok=True)
    for key, content in CONTENTS.items():
        name = key.replace("-idx", ".idx") if dotted else key
        path = folder / (name + ".gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)


# --- on this machine


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("dotted", [True, False])
@pytest.mark.parametrize("place", ["data/mnist", "data", "cache/mnist", "system/mnist"])
def test_files_are_found(tmp_path, monkeypatch, place, compress, dotted):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "data"))
    fill(tmp_path / place, compress, dotted)
    assert find(picture_set()) == CONTENTS


def test_they_make_a_data_set(tmp_path):
    fill(tmp_path / "cache/mnist")
    train, test = mnist.load(picture_set())
    assert repr(train) == "Dataset 'mnist' (train): 30 samples, 784 features (28 x 28), 10 classes"
    assert (len(test), test.part) == (10, "test")
    assert train.X.max() == 1


def test_the_folder_of_the_user_comes_first(tmp_path, monkeypatch, refuses):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    fill(tmp_path / "cache/mnist")
    fill(tmp_path / "mnist")
    wrong = tmp_path / "mnist" / f"{FIRST}.gz"
    wrong.write_bytes(gzip.compress(CONTENTS[FIRST][:-1] + b"?"))
    expected = hashlib.sha256(CONTENTS[FIRST]).hexdigest()
    found = hashlib.sha256(CONTENTS[FIRST][:-1] + b"?").hexdigest()
    with refuses(
        DataError, f"{wrong} must have the SHA-256 checksum {expected}", f"got {found}", "Replace it"
    ):
        find(picture_set())


@pytest.mark.parametrize(
    ("packed", "must", "got", "remedy"),
    [
        (CONTENTS[FIRST][:-5], "must have 23536 bytes", "got 23531", "Replace"),
        (gzip.compress(CONTENTS[FIRST] + b"x"), "must have 23536 bytes", "got more than 23536", "Replace"),
        (gzip.compress(bytes(10_000_000)), "must have 23536 bytes", "got more than 23536", "Replace"),
        (gzip.compress(CONTENTS[FIRST])[:-9], "must be whole gzip data", "got: ", "again"),
    ],
)
def test_wrong_files_of_the_user(tmp_path, monkeypatch, packed, must, got, remedy, refuses):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    fill(tmp_path / "mnist")
    (tmp_path / "mnist" / f"{FIRST}.gz").write_bytes(packed)
    with refuses(DataError, must, got, remedy):
        find(picture_set())


def test_missing_files_of_the_user(tmp_path, monkeypatch, refuses):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    fill(tmp_path / "mnist")
    (tmp_path / "mnist" / f"{FIRST}.gz").unlink()
    with refuses(DataError, "must hold all four files of mnist", f"{FIRST} not found", "Add what is missing"):
        find(picture_set())


def test_a_folder_of_the_user_that_is_not_there(monkeypatch, refuses):
    monkeypatch.setenv("CHAINRULE_DATA", "/no/such/folder")
    with refuses(DataError, "CHAINRULE_DATA must be an existing folder", "got '/no/such/folder'", "unset"):
        find(picture_set())


def test_files_of_another_set_beside_the_folders_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path))
    fill(tmp_path)
    (tmp_path / f"{FIRST}.gz").write_bytes(gzip.compress(b"another set"))
    fill(tmp_path / "cache/mnist")
    assert find(picture_set()) == CONTENTS


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs permissions"
)
def test_a_file_that_may_not_be_read(tmp_path, refuses):
    fill(tmp_path / "system/mnist")
    (tmp_path / "system/mnist" / f"{FIRST}.gz").chmod(0)
    with refuses(DataError, "must be readable", "got 'Permission denied'", "Check who"):
        find(picture_set())


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/chainrule"),
        ("linux", {}, "~/.cache/chainrule"),
        ("darwin", {}, "~/Library/Caches/chainrule"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/chainrule"),
        ("win32", {}, "~/AppData/Local/chainrule"),
        ("linux", {"CHAINRULE_CACHE": "~/own"}, "~/own"),
    ],
)
def test_the_cache_of_each_platform(monkeypatch, platform, variables, expected):
    for name in ("CHAINRULE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == Path(os.path.expanduser(expected))


# --- downloads


def test_a_download_is_kept(tmp_path, server):
    assert find(picture_set(server.url)) == CONTENTS
    assert len(server.asked) == 4
    kept = sorted(path.name for path in (tmp_path / "cache/mnist").iterdir())
    assert kept == sorted(f"{name}.gz" for name in CONTENTS)
    assert all(agent.startswith("chainrule/") for agent in server.agents)
    assert find(picture_set(server.url)) == CONTENTS
    assert len(server.asked) == 4


def test_only_what_is_missing_or_damaged_is_downloaded(tmp_path, server):
    fill(tmp_path / "cache/mnist")
    (tmp_path / "cache/mnist" / f"{FIRST}.gz").write_bytes(b"damaged")
    assert find(picture_set(server.url)) == CONTENTS
    assert server.asked == [f"/{FIRST}.gz"]
    assert find(picture_set()) == CONTENTS


WRONG = {
    "cut off": gzip.compress(CONTENTS[FIRST])[:-9],
    "other content": gzip.compress(CONTENTS[FIRST][:-1] + b"?"),
    "a web page": b"<html>Sign in to this network</html>",
    "too large": bytes(200_000),
    "a bomb": gzip.compress(bytes(20_000_000)),
    "not there": None,
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_content_is_refused_and_never_kept(tmp_path, server, what, refuses):
    path = f"/{FIRST}.gz"
    server.files[path] = WRONG[what]
    folder = tmp_path / "cache/mnist"
    with refuses(
        DataError, "mnist must be found on this machine or downloaded", server.url, f"into {folder}"
    ):
        find(picture_set(server.url))
    with pytest.raises(DataError, match="set CHAINRULE_DATA to the folder around it"):
        find(picture_set(server.url))
    assert not (folder / f"{FIRST}.gz").exists()


@pytest.mark.parametrize("what", WRONG)
def test_the_next_mirror_is_tried(tmp_path, server, what):
    server.files |= {f"/bad/{name}.gz": WRONG[what] for name in CONTENTS}
    assert find(picture_set(server.url + "bad/", server.url)) == CONTENTS


def test_a_connection_that_ends_too_early(server, refuses):
    server.cut = 9
    with refuses(DataError, "must have", "got only", "Try again"):
        download(f"{server.url}{FIRST}.gz", 100_000)
    with pytest.raises(DataError, match="must be found on this machine or downloaded"):
        find(picture_set(server.url))


def test_more_than_expected_is_not_read(server, refuses):
    with refuses(DataError, "at most 100 bytes", "got more", "Try again later"):
        download(f"{server.url}{FIRST}.gz", 100)


def test_no_network(tmp_path, server, refuses):
    url = server.url
    server._server.server_close()
    with refuses(
        DataError, "must be found on this machine or downloaded", url, str(tmp_path / "cache/mnist")
    ):
        find(picture_set(url))


def test_a_server_that_never_answers(server, monkeypatch, refuses):
    monkeypatch.setattr(download_module, "TIMEOUT", 0.05)
    silent = threading.Event()
    server._server.RequestHandlerClass.do_GET = lambda self: silent.wait(PATIENCE)
    try:
        with refuses(DataError, "must be downloadable", "timed out", "Check the connection"):
            download(server.url, 100)
    finally:
        silent.set()


def test_a_cache_that_cannot_be_written(tmp_path, server, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    with pytest.raises(StorageError, match=r"must be writable; got .* Set CHAINRULE_CACHE to a folder"):
        find(picture_set(server.url))


def test_a_terminal_shows_how_far_it_is(server, monkeypatch, capsys):
    url = f"{server.url}{FIRST}.gz"
    download(url, 100_000)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    download(url, 100_000)
    shown = capsys.readouterr().err
    assert shown.startswith(f"\rDownloading {url}: ")
    assert shown.endswith(": 100 %\n")


def test_the_real_mirrors_and_checksums_are_plausible():
    for pictures in (mnist.MNIST, mnist.FASHION_MNIST):
        assert len({file.sha256 for file in pictures.files}) == 4
        assert all(len(file.sha256) == 64 for file in pictures.files)
        assert [file.name for file in pictures.files] == list(CONTENTS)
        assert all(mirror.endswith("/") for mirror in pictures.mirrors)
