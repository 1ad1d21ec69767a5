"""Change a room's mathematics, one sign at a time, and see what notices.

`make mutation ROOM=divergences` lets mutmut make every small change to the room, runs
the room's own tests on each, those of bad input and of the contract included, and, on
the changes that these let pass, the chapters that use the room, whose claims should
fail. Work goes on in ``.mutmut-cache/ROOM`` where it was interrupted. The result goes
to ``tests/mutation/rooms.csv``, and what survived to ``tests/mutation/ROOM.txt``;
``tests/mutation/ROOM.toml`` says why each may.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import conventions
import tables

ROOT = conventions.ROOT
CACHE = ROOT / ".mutmut-cache"
RESULTS = ROOT / "tests" / "mutation"
TABLE = RESULTS / "rooms.csv"
COPIED = ("lecture_code", "tests", "tools", "pyproject.toml")
COLUMNS = ("room", "mutants", "by_tests", "by_claims", "survived", "date", "mutmut")
#: What mutmut reports for a change that no test noticed, or that no test met.
UNNOTICED = (0, 5, 33)

SETTINGS = """
[tool.mutmut]
source_paths = ["lecture_code"]
only_mutate = ["lecture_code/{room}.py"]
pytest_add_cli_args_test_selection = [
  "tests/test_{room}.py", "tests/test_bad_input.py", "tests/test_contract.py"
]
pytest_add_cli_args = ["-k", "{room} or contract"]
also_copy = ["tools", "tests", "pyproject.toml"]
timeout_multiplier = 2
timeout_constant = 60
"""


def fail(sentence: str) -> None:
    """End with one clear sentence."""
    sys.exit(f"mutation: {sentence}")


def prepare(room: str) -> Path:
    """Copy what the tests need to where mutmut works; what it knows stays there."""
    place = CACHE / room
    unwanted = shutil.ignore_patterns("__pycache__", "site", "kernel")
    for name in COPIED:
        source, target = ROOT / name, place / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=unwanted)
        else:
            shutil.copy(source, target)
    with (place / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(room=room))
    return place


def mutmut(place: Path, *words: str) -> str:
    """Run mutmut at its place; what is long shows how far it is."""
    quiet = subprocess.PIPE if words[0] == "show" else None
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words],
        cwd=place,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=quiet,
        text=True,
    )
    if done.returncode:
        fail(f"mutmut {words[0]} failed (in {place.relative_to(ROOT)})")
    return done.stdout or ""


def judged(place: Path, room: str) -> dict[str, int]:
    """Read what the room's own tests said of each change."""
    meta = place / "mutants" / "lecture_code" / f"{room}.py.meta"
    codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    if waiting := [name for name, code in codes.items() if code is None]:
        fail(f"{len(waiting)} changes have not been tried; run the command again")
    return codes


def unnoticed(codes: dict[str, int]) -> list[str]:
    """List the changes that no test of the room notices."""
    return [name for name, code in codes.items() if code in UNNOTICED]


def chapters_using(room: str) -> list[Path]:
    """List the chapters that import a room."""
    line = re.compile(rf"^from lecture_code import .*\b{room}\b", re.MULTILINE)
    found = []
    for path in conventions.chapters():
        cells = filter(conventions.is_code, conventions.read(path).cells)
        if any(line.search(cell.source) for cell in cells):
            found.append(path)
    return found


def claims_notice(place: Path, mutant: str, chapters: list[Path]) -> bool:
    """Run chapters with one change made; tell whether one of them stops."""
    tool = ROOT / "tools" / "notebooks.py"
    mutated = {"MUTANT_UNDER_TEST": mutant, "PYTHONPATH": str(place / "mutants")}
    return any(
        subprocess.run(
            [sys.executable, str(tool), "time", str(path)],
            env={**os.environ, **mutated},
            capture_output=True,
        ).returncode
        for path in chapters
    )


def remembered(
    place: Path, room: str, mutants: list[str]
) -> Iterator[tuple[str, bool]]:
    """Yield whether the claims notice each change, asking for each once."""
    memory = place / "claims.json"
    known = json.loads(memory.read_text("utf-8")) if memory.exists() else {}
    chapters = chapters_using(room)
    for mutant in mutants:
        if mutant not in known:
            known[mutant] = claims_notice(place, mutant, chapters)
            conventions.replace(memory, json.dumps(known))
            print(f"{mutant}: {'noticed' if known[mutant] else 'passed'}", flush=True)
        yield mutant, known[mutant]


def described(place: Path, mutant: str) -> str:
    """Show a change as the lines that it takes away and puts in."""
    lines = mutmut(place, "show", mutant).splitlines()
    changed = [ln for ln in lines if re.match(r"[-+](?![-+]{2})", ln)]
    return "\n".join([f"# {mutant.removeprefix('lecture_code.')}", *changed])


def main(room: str, *, claims: bool = True) -> None:
    """Try every change of a room, and keep the result."""
    if not (ROOT / "lecture_code" / f"{room}.py").exists():
        fail(f"there is no room {room!r}")
    place = prepare(room)
    mutmut(place, "run", "--max-children", "1")
    if before := unnoticed(judged(place, room)):
        mutmut(place, "run", "--max-children", "1", *before)  # tests may be new
    codes = judged(place, room)
    passed = unnoticed(codes)
    seen = dict(remembered(place, room, passed)) if claims else {}
    survived = [name for name in passed if not seen.get(name)]
    RESULTS.mkdir(exist_ok=True)
    shown = "\n\n".join(described(place, name) for name in survived)
    conventions.replace(RESULTS / f"{room}.txt", shown + "\n")
    counts = (len(codes), len(codes) - len(passed), len(passed) - len(survived))
    today = datetime.date.today().isoformat()
    row = (room, *counts, len(survived), today, importlib.metadata.version("mutmut"))
    tables.store(dict(zip(COLUMNS, map(str, row), strict=True)), TABLE, ["room"])
    print(f"{room}: {1 - len(survived) / len(codes):.1%} of {len(codes)} noticed")


if __name__ == "__main__":
    words = sys.argv[1:]
    if len(words) not in (1, 2) or words[1:] not in ([], ["--tests-only"]):
        fail("usage: make mutation ROOM=divergences")
    main(words[0], claims=len(words) == 1)
