"""Run the strict test of the chapters as on other processors: `make matrix`.

Each chapter runs in a fresh kernel under each guise, with the Python that runs this.
What was run, and what it took, goes to `book/status.csv`, and so to the page `status`.
"""

import argparse
import csv
import datetime
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from tools.chapters import conventions, notebooks

TABLE = conventions.ROOT / "book" / "status.csv"
CLAIMS = "claims only"  # for other versions of torch, whose other text may differ
#: What makes torch and numpy compute as elsewhere; None takes a variable away.
GUISES: dict[str, dict[str, str | None]] = {CLAIMS: {}, "as is": {}}
GUISES["OpenBLAS as it likes"] = {"OPENBLAS_CORETYPE": None}
for core in ("Haswell", "SkylakeX", "Zen"):
    GUISES[f"OpenBLAS for {core}"] = {"OPENBLAS_CORETYPE": core}
GUISES["no vector instructions"] = {"ATEN_CPU_CAPABILITY": "default"}
GUISES["another maker's AVX2"] = {"ATEN_CPU_CAPABILITY": "avx2"}
GUISES["another maker's AVX2"] |= {
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
VERSIONS = ("torch", "numpy", "matplotlib", "ipython")
KEY = ("chapter", "run", "system", "python", *VERSIONS)
COLUMNS = (*KEY, "date", "result", "cpu_s", "peak_mb")
#: Fails where the processor lacks what numpy is told to use.
TRIAL = ("-c", "import numpy; numpy.linalg.svd(numpy.eye(300) @ numpy.eye(300))")
NBVAL = ("-m", "pytest", "--nbval-current-env", "--nbval-cell-timeout=240")


def variables(guise: str) -> dict[str, str]:
    """Give the environment of a guise."""
    changes = {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", **GUISES[guise]}
    return {k: v for k, v in {**os.environ, **changes}.items() if v is not None}


def run(path: Path, guise: str) -> dict[str, str]:
    """Hold a chapter against what it stores; return its row of the table."""
    how = "--nbval-lax" if guise == CLAIMS else "--nbval"
    command = [sys.executable, *NBVAL, how, str(path)]
    process = os.spawnve(os.P_NOWAIT, sys.executable, command, variables(guise))
    _, status, used = os.wait4(process, 0)  # the kernel is among its children
    ran = (path.stem, guise, f"{os.uname().sysname} {os.uname().machine}")
    versions = (sys.version.split()[0], *map(importlib.metadata.version, VERSIONS))
    result = (datetime.date.today(), "failed" if status else "passed")
    peak = used.ru_maxrss * (1024 if sys.platform == "linux" else 1) / 1e6
    took = (f"{used.ru_utime + used.ru_stime:.1f}", f"{peak:.0f}")
    return dict(zip(COLUMNS, map(str, ran + versions + result + took), strict=True))


def read(path: Path = TABLE) -> list[dict[str, str]]:
    """Read the table of runs."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def store(row: dict[str, str], path: Path = TABLE) -> None:
    """Put a row in the place of the last such run."""
    rows = {tuple(each[name] for name in KEY): each for each in [*read(path), row]}
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows[key] for key in sorted(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01")
    parser.add_argument("--run", action="append", choices=GUISES)
    chosen, failed = parser.parse_args(), False
    for guise in chosen.run or list(GUISES)[1:]:
        if subprocess.run([sys.executable, *TRIAL], env=variables(guise)).returncode:
            print(f"{guise}: not possible on this processor", flush=True)
            continue
        for row in (run(path, guise) for path in notebooks.named(chosen.names)):
            store(row)
            print(*row.values(), flush=True)
            failed |= row["result"] == "failed"
    sys.exit(failed)
