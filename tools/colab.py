"""Run the chapters under the versions of Google Colab: `python tools/colab.py`.

Makes the environment ``.venv-colab``, builds the package's wheel, and runs copies of
the notebooks outside of the checkout. Their set-up cells run as on Colab: a stand-in
for ``google.colab`` is there, and pip installs the package, from the wheel in place of
the address, which tests hold against ``_config.yml``. Then the sliders are moved
through a kernel. A table says what was tested with which versions.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import conventions
import repository

ROOT = conventions.ROOT
VENV = ROOT / ".venv-colab"
TOOLS = ROOT / "tools"
SLIDERS = ROOT / "tests" / "kernel" / "move_slider.py"

#: What Colab has installed, by its own list of August 2026.
COLAB = {
    "python": "3.13.15",
    "torch": "2.11.0",
    "numpy": "2.1.3",
    "scipy": "1.16.3",
    "matplotlib": "3.10.0",
    "scikit-learn": "1.6.1",
    "tqdm": "4.67.3",
    "ipywidgets": "7.7.1",
    "ipython": "7.34.0",
    "ipykernel": "6.17.1",
}
#: The torch that is installed here unless another is asked for.
TORCH = "2.13.0"
#: What runs the notebooks; not part of what is tested.
RUNNERS = ("nbclient==0.11.0", "nbformat==5.11.1", "nbval==0.11.0", "pytest==8.4.2")

#: How the chapters are run: every cell, with every claim that is stored.
NBVAL = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath='{TOOLS}'")
NBVAL += ("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=120")

SITECUSTOMIZE = '''\
"""Import the stand-in, as Colab's kernels have imported theirs before any cell."""

import google.colab
'''


def fail(sentence: str) -> None:
    """End with one clear sentence."""
    sys.exit(f"colab: {sentence}")


def requirements(torch: str) -> list[str]:
    """List what the environment holds: Colab's versions, and the asked-for torch."""
    versions = {**COLAB, "torch": torch}
    pins = [f"{n}=={v}" for n, v in versions.items() if n != "python"]
    return [*pins, *RUNNERS]


def create(torch: str) -> None:
    """Make the environment, unless it stands already with the same requirements."""
    wanted = "\n".join(requirements(torch))
    stamp = VENV / "requirements.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"Setting up {VENV.name} (once; a few minutes) ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    done = subprocess.run(
        [python(), "-m", "pip", "install", "--quiet", *requirements(torch)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        fail(
            "Colab's versions cannot be had here: check the network, or name another "
            "torch with --torch"
        )
    stamp.write_text(wanted, encoding="utf-8")


def python() -> Path:
    """Interpreter of the environment."""
    return VENV / "bin" / "python"


def build_wheel(folder: Path, root: Path = ROOT) -> Path:
    """Build the package from a copy, since old files of a build would slip in."""
    source = folder / "source"
    shutil.copytree(
        root / "lecture_code",
        source / "lecture_code",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (root / name).exists():
            shutil.copy(root / name, source)
    command = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
    ]
    done = subprocess.run(
        [sys.executable, *command, folder, source], capture_output=True, text=True
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        fail("the package's wheel cannot be built")
    return next(folder.glob("*.whl"))


def place_stand_in(folder: Path) -> Path:
    """Write a ``google.colab`` that every Python started with it has imported."""
    stand_in = folder / "stand-in"
    (stand_in / "google" / "colab").mkdir(parents=True)
    (stand_in / "google" / "colab" / "__init__.py").touch()
    (stand_in / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    return stand_in


def copy_chapters(folder: Path, wheel: Path, chapters: list[Path]) -> Iterator[Path]:
    """Copy chapters, with the wheel in place of the address in their set-up cells."""
    address = repository.read()
    target = f"git+{address.url}@{address.tag}"
    (folder / "book").mkdir()
    shutil.copy(ROOT / "book" / "conftest.py", folder / "book")
    for chapter in chapters:
        notebook = conventions.read(chapter)
        setups = [cell for cell in notebook.cells if conventions.is_setup(cell)]
        if [cell.source for cell in setups] != [address.setup]:
            fail(f"{chapter.name} has another set-up cell: run `make repository`")
        setups[0].source = setups[0].source.replace(target, str(wheel))
        copy = folder / "book" / chapter.name
        copy.write_text(conventions.written(notebook), encoding="utf-8")
        yield copy


def environment(stand_in: Path) -> dict[str, str]:
    """Give the variables under which chapters run: the stand-in, and no index."""
    offline = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    offline["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the debugger's long warning
    kept = {
        k: v for k, v in os.environ.items() if k not in {"MPLBACKEND", "PYTHONHOME"}
    }
    return {**kept, **offline, "PYTHONPATH": str(stand_in)}


def passes(what: str, command: list, folder: Path, variables: dict[str, str]) -> bool:
    """Run one part with the environment's Python and say how it went."""
    print(f"\n== {what}", flush=True)
    done = subprocess.run([python(), *command], cwd=folder, env=variables)
    return done.returncode == 0


def installed_by_cells(folder: Path) -> bool:
    """Tell whether the package lies in the environment, put there by a set-up cell."""
    program = "import lecture_code; print(lecture_code.__file__)"
    command = [python(), "-I", "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    where = Path(done.stdout.strip() or "nowhere").resolve()
    return where.is_relative_to(VENV.resolve())


def table() -> str:
    """Say which versions Colab has, and with which the chapters ran."""
    listing = [python(), "-m", "pip", "list", "--format=json"]
    found = json.loads(subprocess.run(listing, capture_output=True, check=True).stdout)
    here = {each["name"].lower(): each["version"] for each in found}
    say = "import platform; print(platform.python_version())"
    version = subprocess.run([python(), "-c", say], capture_output=True, text=True)
    here["python"] = version.stdout.strip()
    rows = [compared(name, there, here[name]) for name, there in COLAB.items()]
    return "\n".join([f"{'':14} {'on Colab':10} tested with", *rows])


def compared(name: str, there: str, here: str) -> str:
    """Write one row of the table, with a mark where the versions differ."""
    mark = "" if here.split("+")[0] == there else "   (differs)"
    return f"{name:14} {there:10} {here}{mark}"


def test(folder: Path, chapters: list[Path]) -> dict[str, bool]:
    """Run all parts in a folder outside of the checkout."""
    copies = list(copy_chapters(folder, build_wheel(folder), chapters))
    variables = environment(place_stand_in(folder))
    gone = [python(), "-m", "pip", "uninstall", "--quiet", "--yes", "lecture-code"]
    subprocess.run(gone, check=True, capture_output=True)
    slide = [SLIDERS, *copies]
    return {
        "the chapters run": passes("chapters", [*NBVAL, *copies], folder, variables),
        "set-up cells install the package": installed_by_cells(folder),
        "sliders move the pictures": passes("sliders", slide, folder, variables),
    }


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, make the environment and test in it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--torch", default=TORCH, help="the version to test with")
    chosen = parser.parse_args(arguments)
    chapters = conventions.chapters()
    if not chapters:
        fail("there are no chapters to run")
    create(chosen.torch)
    with tempfile.TemporaryDirectory() as folder:
        results = test(Path(folder).resolve(), chapters)
    print(f"\n{table()}\n")
    for what, held in results.items():
        print(f"{'passed' if held else 'FAILED'}: {what}")
    sys.exit(not all(results.values()))


if __name__ == "__main__":
    main()
