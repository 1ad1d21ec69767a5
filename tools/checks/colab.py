"""Run the chapters with the libraries of Google Colab: `python -m tools.checks.colab`.

Makes the environment ``.venv-colab``, builds the package's wheel, and runs copies of
the notebooks outside of the checkout. Their set-up cells run as on Colab: a stand-in
for ``google.colab`` is there, and pip installs the package, from the wheel in place of
the address. Then the sliders are moved through a kernel. Another torch than the one
below can be named: `python -m tools.checks.colab 2.11.0`.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.chapters import conventions, repository

ROOT = conventions.ROOT
VENV = ROOT / ".venv-colab"
PYTHON = VENV / "bin" / "python"
SLIDERS = ROOT / "tests" / "tools" / "move_slider.py"

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
#: What others of Colab's libraries bring, in a version that its list leaves open:
#: matplotlib needs pillow, and librosa pooch.
BROUGHT = ("pillow", "pooch")
#: The torch that is installed here unless another is asked for.
TORCH = "2.13.0"
#: What runs the notebooks; not part of what is tested.
RUNNERS = ("nbclient==0.11.0", "nbformat==5.11.1", "nbval==0.11.0", "pytest==8.4.2")
#: How the chapters are run: every cell, with every claim that is stored.
NBVAL = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath='{ROOT}'")
NBVAL += ("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=120")


def requirements(torch: str) -> list[str]:
    """List what the environment holds: Colab's versions, and the asked-for torch."""
    versions = {**COLAB, "torch": torch}
    pinned = [f"{n}=={v}" for n, v in versions.items() if n != "python"]
    return [*pinned, *BROUGHT, *RUNNERS]


def create(torch: str) -> None:
    """Make the environment, unless it stands already with the same requirements."""
    wanted, stamp = "\n".join(requirements(torch)), VENV / "requirements.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"Setting up {VENV.name} (once; a few minutes) ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", *requirements(torch)]
    if subprocess.run(pip).returncode:
        sys.exit("colab: its versions cannot be had here: check the network")
    stamp.write_text(wanted, encoding="utf-8")


def build_wheel(folder: Path) -> Path:
    """Build the package from a copy, since old files of a build would slip in."""
    source = folder / "source"
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lecture_code", source / "lecture_code", ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    pip = [sys.executable, "-m", "pip", "wheel", *options, str(folder), str(source)]
    subprocess.run(pip, check=True)
    return next(folder.glob("*.whl"))


def copy_chapters(folder: Path, wheel: Path, chapters: list[Path]) -> Iterator[Path]:
    """Copy chapters, with the wheel in place of the address in their set-up cells."""
    address = repository.read()
    (folder / "book").mkdir()
    shutil.copy(ROOT / "book" / "conftest.py", folder / "book")
    for chapter in chapters:
        notebook = conventions.read(chapter)
        (setup,) = filter(conventions.is_setup, notebook.cells)
        target = f"git+{address.url}@{address.tag}"
        setup.source = address.setup.replace(target, str(wheel))
        copy = folder / "book" / chapter.name
        copy.write_text(conventions.written(notebook), encoding="utf-8")
        yield copy


def environment(folder: Path) -> dict[str, str]:
    """Give the variables under which chapters run: no index, and a ``google.colab``.

    Every Python that is started with them has imported the stand-in.
    """
    package = folder / "stand-in" / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    start = folder / "stand-in" / "sitecustomize.py"
    start.write_text("import google.colab\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    kept |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    kept["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the debugger's long warning
    return {**kept, "PYTHONPATH": str(start.parent)}


def main(torch: str = TORCH) -> None:
    """Make the environment, run everything in it, and say how it went."""
    create(torch)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        wheel, variables = build_wheel(folder), environment(folder)
        copies = list(copy_chapters(folder, wheel, conventions.chapters()))

        def passes(*command: str | Path) -> bool:
            done = subprocess.run([PYTHON, *command], cwd=folder, env=variables)
            return done.returncode == 0

        passes("-m", "pip", "uninstall", "--quiet", "--yes", "lecture-code")
        results = {
            "the chapters run": passes(*NBVAL, *copies),
            "set-up cells install it": passes("-I", "-c", "import lecture_code"),
            "sliders move the pictures": passes(SLIDERS, *copies),
        }
    print(f"Colab: {COLAB}\nhere: Python {platform.python_version()}, torch {torch}")
    for what, held in results.items():
        print(f"{'passed' if held else 'FAILED'}: {what}")
    sys.exit(not all(results.values()))


if __name__ == "__main__":
    main(*sys.argv[1:])
