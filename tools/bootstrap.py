"""Make the virtual environment: `python tools/bootstrap.py LEVEL`.

Run by the Makefile with any Python 3.11-3.13; needs nothing but the standard library.
Levels build on each other: `book` builds the site and needs no torch, `test` adds the
package and the tests, and `lab`, `audit` and `mutation` add what their targets need. A
stamp tells that a level stands, so that an interrupted installation is simply taken up
again.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
LEVELS = {"book": ("book",), "test": ("book", "test")}
LEVELS |= {more: (*LEVELS["test"], more) for more in ("lab", "audit", "mutation")}


def fail(sentence: str) -> None:
    """End with one clear sentence."""
    raise SystemExit(f"make: {sentence}")


def requirements(level: str) -> list[str]:
    """List what a level needs; from `test` on the package itself, editable."""
    if level != "book":
        return ["--no-build-isolation", "-e", f".[{','.join(LEVELS[level])}]"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["optional-dependencies"]["book"]


def pip(*arguments: str) -> None:
    """Install with the pinned versions, or say in one sentence why it failed."""
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    with LOG.open("a", encoding="utf-8") as log:
        done = subprocess.run(
            [*map(str, command), "-c", "constraints.txt", *arguments],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        fail(
            "could not install the Python packages: check the network and the disk "
            f"space, then run the command again (details in {LOG.relative_to(ROOT)})"
        )


def create_venv() -> None:
    """Create the environment, or replace one whose interpreter is gone."""
    usable = PYTHON.exists() and not subprocess.run([PYTHON, "-c", ""]).returncode
    if usable:
        return
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        fail(
            "could not create the virtual environment .venv "
            f"(on Debian and Ubuntu, install python3-venv): {error}"
        )


def fingerprint() -> str:
    """Digest of the files that decide what is installed."""
    files = ("pyproject.toml", "constraints.txt")
    content = b"".join((ROOT / name).read_bytes() for name in files)
    return hashlib.sha256(content).hexdigest()


def main(level: str) -> None:
    """Bring the environment to a level; a no-op where it stands already."""
    stamp = VENV / f".{level}"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == fingerprint():
        return
    print(f"Setting up .venv for `{level}` (once; a few minutes) ...", flush=True)
    create_venv()
    LOG.unlink(missing_ok=True)
    if level != "book":
        pip("setuptools", "wheel")  # what the editable installation builds with
    pip(*requirements(level))
    for name in LEVELS[level] + (() if level in LEVELS[level] else (level,)):
        (VENV / f".{name}").write_text(fingerprint())


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LEVELS:
        fail(f"usage: python tools/bootstrap.py {'|'.join(LEVELS)}")
    main(sys.argv[1])
