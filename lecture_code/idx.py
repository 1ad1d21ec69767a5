"""MNIST's files: found in a folder or fetched from a mirror, and read from their bytes.

An IDX file is a header of big-endian numbers (a magic number that gives the type and
the number of axes, then the length of each axis) and the values, one byte each. What
cannot be used is refused with the file's name and what to do about it.
"""

from __future__ import annotations

import errno
import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from lecture_code import validate

# Where the files are asked for, in this order.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# The files and the SHA-256 sums of their compressed form.
CHECKSUMS = {
    "train-images-idx3-ubyte": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
SECONDS = 20.0  # without a byte, after which a mirror counts as down
_BYTES = 0x08  # the type "unsigned byte" of the format


class Unavailable(OSError):
    """A data file that is not there and could not be fetched; says what to do."""


def locate(name: str, folder: str | Path | None = None) -> Path:
    """Return the path of one of MNIST's files, fetched first where it is missing.

    Parameters
    ----------
    name : str
        One of ``CHECKSUMS``.
    folder : str or pathlib.Path, optional
        Where the files are, compressed (``.gz``) or not; by default a cache in the
        user's home. What is found there is used as it is.

    Returns
    -------
    pathlib.Path
        A file in that folder.

    Raises
    ------
    TypeError, ValueError
        If ``name`` is no file of MNIST or ``folder`` no path.
    Unavailable
        If the file is not there and no mirror delivered it whole. Nothing is left of a
        broken attempt.

    Notes
    -----
    Used in chapter 17, for ``--data mnist``.

    References
    ----------
    LeCun, Cortes and Burges (1998), The MNIST database of handwritten digits.
    """
    validate.choice("name", name, CHECKSUMS)
    folder = _folder(folder)
    for there in (folder / name, folder / f"{name}.gz"):
        if there.is_file():
            return there
    return _fetched(name, folder)


def read(path: str | Path) -> np.ndarray:
    """Read an IDX file of unsigned bytes.

    Parameters
    ----------
    path : str or pathlib.Path
        The file, compressed if its name ends in ``.gz``.

    Returns
    -------
    numpy.ndarray
        The values, uint8, in the shape that the header states.

    Raises
    ------
    TypeError, ValueError
        If ``path`` is no path, or the file is no whole IDX file of bytes.

    Notes
    -----
    Used in chapter 17, for ``--data mnist``.
    """
    path = Path(validate.instance("path", path, (str, Path)))
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _BYTES:
        raise _broken(path, "no IDX file of bytes")
    axes = content[3]
    start = 4 + 4 * axes
    if not axes or len(content) < start:
        raise _broken(path, "cut off in its header")
    shape = struct.unpack(f">{axes}I", content[4:start])
    size = int(np.prod(shape, dtype=object))
    if len(content) - start != size:
        raise _broken(path, f"{len(content) - start} values instead of {size}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _folder(folder: str | Path | None) -> Path:
    import pooch

    if folder is None:
        return Path(pooch.os_cache("lecture_code"))
    return Path(validate.instance("folder", folder, (str, Path)))


def _fetched(name: str, folder: Path) -> Path:
    file, tried = f"{name}.gz", []
    for mirror in MIRRORS:
        try:
            return _downloaded(f"{mirror}{file}", CHECKSUMS[name], folder)
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EACCES):
                raise Unavailable(
                    f"{file}: {folder} cannot be written to ({error.strerror}); make "
                    "room there, or name another folder"
                ) from None
            tried.append(f"{mirror} ({_reason(error)})")
    raise Unavailable(
        f"{file}: not in {folder}, and not to be had from {', nor from '.join(tried)}; "
        "put the file there by hand, or use the bundled digits"
    )


def _downloaded(url: str, checksum: str, folder: Path) -> Path:
    """Fetch one file, which pooch moves to its place when it is whole."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    patient = pooch.HTTPDownloader(timeout=SECONDS)
    name = url.rsplit("/", 1)[1]
    settings = {"fname": name, "path": folder, "downloader": patient}
    return Path(pooch.retrieve(url, f"sha256:{checksum}", **settings))


def _reason(error: Exception) -> str:
    """Say in a few words why a mirror did not deliver."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"answered {response.status_code}"
    if isinstance(error, ValueError):
        return "sent another file: the checksum is wrong"
    return f"no answer: {type(error).__name__}"


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _broken(path, f"not to be decompressed ({error})") from None
    except OSError as error:
        raise ValueError(f"path: expected a file to read, got {error}") from None


def _broken(path: Path, what: str) -> ValueError:
    return ValueError(
        f"path: expected a whole IDX file, got {path}, which is {what}; delete it, so "
        "that it is fetched anew, or put a good one there"
    )
