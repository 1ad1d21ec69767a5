"""Run the strict test of the chapters as on other processors: `make matrix`.

Each chapter is run by nbval in fresh kernels: three times as the machine is, once with
no vector instructions in torch, and once as on a processor of another maker; under
other versions of torch, `--run "claims only"` leaves the stored text aside. What was
run, with which versions, when, and what it took, goes to ``book/status.csv``, from
which the site's page ``status`` is made. A run replaces what the same run with the same
versions has said before; all other rows stay, so the table can be filled bit by bit.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.metadata
import io
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tools.chapters import conventions, notebooks

TABLE = conventions.ROOT / "book" / "status.csv"
TIMES = 3
#: What makes torch and its libraries compute as elsewhere; nothing here is our own.
RUNS = {
    "as is": {},
    "no vector instructions": {"ATEN_CPU_CAPABILITY": "default"},
    "another maker's AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_CBWR": "COMPATIBLE",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    },
}
#: The run for other versions, whose text may differ: every cell runs, each claim holds.
CLAIMS = "claims only"
VERSIONS = ("torch", "numpy", "matplotlib", "ipython")
KEY = ("chapter", "run", "time", "system", "python", *VERSIONS)
COLUMNS = (*KEY, "date", "result", "cpu_s", "peak_mb")
NBVAL = ("--nbval-current-env", "--nbval-cell-timeout=120")


def here() -> dict[str, str]:
    """Say what the chapters are run with."""
    found = {name: importlib.metadata.version(name) for name in VERSIONS}
    system = f"{platform.system()} {platform.machine()}"
    return {"system": system, "python": platform.python_version(), **found}


def run(path: Path, kind: str) -> dict[str, str]:
    """Hold a chapter against what it stores, in a fresh kernel; say what that took."""
    test = "--nbval-lax" if kind == CLAIMS else "--nbval"
    changes = {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", **RUNS.get(kind, {})}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", test, *NBVAL, "-n", "0", str(path)],
        cwd=conventions.ROOT,
        env={**os.environ, **changes},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)  # the kernel is among its children
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = used.ru_maxrss * (1024 if sys.platform == "linux" else 1) / 1e6
    return {
        "date": datetime.date.today().isoformat(),
        "result": "passed" if process.returncode == 0 else "failed",
        "cpu_s": f"{used.ru_utime + used.ru_stime:.1f}",
        "peak_mb": f"{peak:.0f}",
    }


def plan(names: list[str], kinds: list[str]) -> Iterator[tuple[Path, str, int]]:
    """Yield each run that is asked for: the chapter, the kind, and which time it is."""
    for kind in kinds:
        for path in notebooks.named(names):
            for time_ in range(1, TIMES + 1 if kind == "as is" else 2):
                yield path, kind, time_


def read(path: Path = TABLE) -> list[dict[str, str]]:
    """Read the table, empty where there is none yet."""
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def store(row: dict[str, str], path: Path = TABLE) -> None:
    """Put a row in its place, whole or not at all."""
    key = tuple(row[name] for name in KEY)
    kept = [r for r in read(path) if tuple(r[name] for name in KEY) != key]
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(sorted([*kept, row], key=lambda r: [r[name] for name in KEY]))
    conventions.replace(path, text.getvalue())


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, run what it asks for, and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01")
    kinds = [*RUNS, CLAIMS]
    parser.add_argument(
        "--run", action="append", choices=kinds, help=f"all but {CLAIMS!r} if not given"
    )
    chosen = parser.parse_args(arguments)
    failed = False
    for path, kind, time_ in plan(chosen.names, chosen.run or list(RUNS)):
        begin = time.perf_counter()
        done = run(path, kind)
        store({"chapter": path.stem, "run": kind, "time": str(time_), **here(), **done})
        failed = failed or done["result"] != "passed"
        wall = time.perf_counter() - begin
        print(
            f"{path.stem}, {kind}, {time_}: {done['result']} ({wall:.0f} s)", flush=True
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
