"""MNIST's files: read from a folder, fetched from a mirror, refused when broken.

The files are made here, and a server on this machine stands in for the mirrors.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import struct
import threading
import time

import numpy as np
import pytest
import torch

from lecture_code import datasets, idx

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def encoded(values: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(
        f">{values.ndim}I", *values.shape
    )
    return head + values.astype(np.uint8).tobytes()


PIXELS = np.arange(5 * 2 * 3).reshape(5, 2, 3)
FILES = {IMAGES: encoded(PIXELS), LABELS: encoded(np.array([3, 7, 3, 0, 9]))}
PACKED = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in FILES.items()}


class Mirror(http.server.BaseHTTPRequestHandler):
    """A mirror whose first part of the address says how it misbehaves."""

    def do_GET(self):
        _, mood, name = self.path.split("/")
        if mood == "slow":
            time.sleep(1.5)
        if mood == "forbidden":
            self.send_error(403)
            return
        body = PACKED[name] if mood != "page" else b"<html>we have moved</html>"
        body = body[: len(body) // 2] if mood == "short" else body
        self.send_response(200)
        length = len(PACKED[name]) if mood == "broken" else len(body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body[:10] if mood == "broken" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    sums = {n: hashlib.sha256(PACKED[f"{n}.gz"]).hexdigest() for n in FILES}
    monkeypatch.setattr(idx, "CHECKSUMS", sums)

    def moods(*names: str) -> None:
        addresses = tuple(
            name if name.startswith("http") else f"{address}{name}/" for name in names
        )
        monkeypatch.setattr(idx, "MIRRORS", addresses)

    yield moods
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("packed", [False, True])
def test_files_in_a_folder_are_read_without_a_network(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(idx, "MIRRORS", ())
    for name, data in FILES.items():
        path = tmp_path / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data) if packed else data)
    pixels, labels = datasets.mnist(folder=tmp_path)
    assert torch.equal(pixels, torch.tensor(PIXELS.reshape(5, 6)).float())
    assert labels.tolist() == [3, 7, 3, 0, 9]


def test_a_missing_file_is_fetched_once(tmp_path, mirror):
    mirror("good", "forbidden")
    first = datasets.mnist(folder=str(tmp_path))
    mirror("forbidden")
    second = datasets.mnist(folder=tmp_path)
    assert torch.equal(first.pixels, second.pixels)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(PACKED)


@pytest.mark.parametrize("bad", ["forbidden", "page", "short", "broken"])
def test_the_second_mirror_stands_in_for_the_first(tmp_path, mirror, bad):
    mirror(bad, "good")
    assert len(datasets.mnist(folder=tmp_path).labels) == 5


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("forbidden", "answered 403"),
        ("page", "checksum is wrong"),
        ("short", "checksum is wrong"),
        ("broken", "no answer"),
        ("slow", "no answer: ReadTimeout"),
        ("http://127.0.0.1:9/", "no answer: ConnectionError"),
    ],
)
def test_when_no_mirror_delivers_the_message_says_what_to_do(
    tmp_path, mirror, monkeypatch, mood, said
):
    monkeypatch.setattr(idx, "SECONDS", 0.5)
    mirror(mood, "forbidden")
    with pytest.raises(idx.Unavailable) as refusal:
        datasets.mnist(folder=tmp_path / "data")
    message = str(refusal.value)
    assert f"{IMAGES}.gz" in message
    assert said in message
    assert "answered 403" in message
    assert "put the file there by hand, or use the bundled digits" in message
    folder = tmp_path / "data"
    assert not folder.exists() or not list(folder.iterdir())


def test_a_full_disk_is_named(tmp_path, mirror, monkeypatch):
    import pooch

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    mirror("good")
    monkeypatch.setattr(pooch, "retrieve", full)
    with pytest.raises(idx.Unavailable, match="No space left on device"):
        idx.locate(IMAGES, tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html></html>", "no IDX file"),
        (b"", "no IDX file"),
        (FILES[IMAGES][:6], "cut off in its header"),
        (FILES[IMAGES][:-1], "29 values instead of 30"),
        (FILES[IMAGES] + b"x", "31 values instead of 30"),
        (encoded(np.array(5))[:4], "cut off in its header"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path, data, said):
    path = tmp_path / IMAGES
    path.write_bytes(data)
    with pytest.raises(ValueError, match=said) as refusal:
        idx.read(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize("cut", [slice(0, 20), slice(5, None)])
def test_a_broken_archive_is_refused_by_name(tmp_path, cut):
    path = tmp_path / f"{IMAGES}.gz"
    path.write_bytes(PACKED[path.name][cut])
    with pytest.raises(ValueError, match="not to be decompressed"):
        idx.read(path)


def test_a_path_without_a_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected a file to read"):
        idx.read(tmp_path / "none")


def test_images_and_labels_must_belong_together(tmp_path):
    (tmp_path / IMAGES).write_bytes(FILES[IMAGES])
    (tmp_path / LABELS).write_bytes(encoded(np.array([1, 2])))
    with pytest.raises(ValueError, match="a label for each image"):
        datasets.mnist(folder=tmp_path)


def test_the_registry_names_four_files_and_two_mirrors():
    assert len(idx.CHECKSUMS) == 4
    assert len(idx.MIRRORS) == 2
    assert all(len(value) == 64 for value in idx.CHECKSUMS.values())
