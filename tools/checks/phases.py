"""Run targets of the Makefile one after the other, whatever fails, and sum them up.

A target that runs pytest takes `REPORT`, an option that makes pytest count its tests in
a file; any other counts as one. After Ctrl-C no other phase begins.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Result(NamedTuple):
    """What became of a phase."""

    phase: str
    passed: int
    failed: int
    skipped: int
    seconds: float


def run(phase: str) -> Result:
    """Make a target and count what it tested."""
    print(f"\n== {phase}", flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = ["make", "--no-print-directory", phase]
        code = subprocess.call([*command, f"REPORT=--junitxml={report}"])
        counted = counts(report) if report.exists() else (int(not code), 0, 0)
    passed, failed, skipped = counted
    if code and not failed:  # it was not the tests that failed
        failed = 1
    return Result(phase, passed, failed, skipped, time.monotonic() - begin)


def counts(report: Path) -> tuple[int, int, int]:
    """Count the tests that passed, failed and were skipped."""
    suites = list(ElementTree.parse(report).iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(name, 0)) for suite in suites)
        for name in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return total - failed - skipped, failed, skipped


def table(results: list[Result]) -> str:
    """Write the results in columns."""
    lines = ["{:12} {:>8} {:>8} {:>8} {:>8}".format(*Result._fields)]
    lines += ["{:12} {:8} {:8} {:8} {:8.0f}".format(*each) for each in results]
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        results = [run(phase) for phase in sys.argv[1:]]
    except KeyboardInterrupt:
        sys.exit(130)
    print(f"\n{table(results)}")
    sys.exit(any(each.failed for each in results))
