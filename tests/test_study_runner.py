"""Runs that are interrupted, damaged or spread out end with the same results."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from tqdm import tqdm

from lecture_code.study import __main__ as command
from lecture_code.study import one_dimensional, runner
from lecture_code.study.one_dimensional import Setting, Unit


class Piece(NamedTuple):
    number: int

    @property
    def name(self) -> str:
        return f"piece-{self.number}"


PIECES = [Piece(number) for number in range(5)]
DONE = {piece.name: {"rows": [piece.number / 7]} for piece in PIECES}


def halved(piece: Piece) -> dict:
    return {"rows": [piece.number / 7]}


def never(piece: Piece) -> dict:
    raise AssertionError(f"{piece.name} was computed again")


def test_results_come_in_the_order_of_the_units_and_are_kept(tmp_path):
    got = runner.run(halved, PIECES, tmp_path)
    assert list(got.items()) == list(DONE.items())
    assert runner.run(never, PIECES, tmp_path, resume=True) == DONE
    assert not list(tmp_path.glob("*.partial"))


def test_finished_work_is_not_run_over_by_mistake(tmp_path):
    runner.run(halved, PIECES, tmp_path)
    with pytest.raises(ValueError, match=r"folder: .*--resume goes on"):
        runner.run(never, PIECES, tmp_path)


def test_an_interrupted_run_goes_on_with_nothing_lost(tmp_path):
    asked = []

    def stopped(piece: Piece) -> dict:
        if piece.number == 3:
            raise KeyboardInterrupt
        return halved(piece)

    def counted(piece: Piece) -> dict:
        asked.append(piece.number)
        return halved(piece)

    with pytest.raises(KeyboardInterrupt):
        runner.run(stopped, PIECES, tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert runner.run(counted, PIECES, tmp_path, resume=True) == DONE
    assert asked == [3, 4]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace("0.14", "0.15"),
        lambda text: "[1, 2]",
        lambda text: "\x00" * len(text),
    ],
    ids=["cut off", "empty", "one digit", "something else", "zeros"],
)
def test_a_corrupt_file_is_named_set_aside_and_redone(tmp_path, capsys, damage):
    runner.run(halved, PIECES, tmp_path)
    path = tmp_path / "piece-1.json"
    broken = damage(path.read_text())
    path.write_text(broken)
    assert runner.run(halved, PIECES, tmp_path, resume=True) == DONE
    assert "piece-1.json is corrupt" in capsys.readouterr().out
    assert path.with_suffix(".corrupt").read_text() == broken
    assert json.loads(path.read_text())["result"] == DONE["piece-1"]


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    runner.run(halved, PIECES[:2], tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"piece-2\.json could not be written \(No space"):
        runner.run(halved, PIECES, tmp_path, resume=True)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["piece-0.json", "piece-1.json"]


def test_processes_give_the_same_as_one(tmp_path):
    resources = runner.Resources(jobs=2)
    assert runner.run(halved, PIECES, tmp_path, resources=resources) == DONE


def has_a_silent_bar(piece: Piece) -> bool:
    return tqdm([piece.number], file=io.StringIO()).disable


def test_only_one_process_shows_a_bar(tmp_path, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    resources = runner.Resources(jobs=2)
    there = runner.run(has_a_silent_bar, PIECES, tmp_path, resources=resources)
    assert all(there.values())
    assert "TQDM_DISABLE" not in os.environ


@pytest.mark.parametrize(
    ("resources", "name"),
    [
        (runner.Resources(jobs=0), "jobs"),
        (runner.Resources(backend="ray"), "backend"),
        (runner.Resources(backend="dask"), "scheduler"),
        (runner.Resources(scheduler="tcp://127.0.0.1:1"), "scheduler"),
    ],
)
def test_wrong_resources_are_refused(tmp_path, resources, name):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        runner.run(halved, PIECES, tmp_path, resources=resources)


# ------------------------------------------------------------------ a cluster that dies

TINY = [
    Unit("separation", "wasserstein", (Setting(1.0), Setting(3.0, run=n)), effort=0.01)
    for n in range(3)
]

KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
import distributed
from lecture_code.study import runner
from lecture_code.study.one_dimensional import Setting, Unit

def work(unit):
    import time
    from lecture_code.study import one_dimensional
    time.sleep(1.0)  # long enough to be killed on the way
    result = one_dimensional.work(unit)
    del result["seconds"]
    return result

def kill_one(cluster, folder):
    while not list(folder.glob("*.json")):
        time.sleep(0.05)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

if __name__ == "__main__":
    pairs = [(Setting(1.0), Setting(3.0, run=n)) for n in range(3)]
    units = [Unit("separation", "wasserstein", pair, effort=0.01) for pair in pairs]
    folder = Path(sys.argv[1])
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        killer = threading.Thread(target=kill_one, args=(cluster, folder))
        killer.start()
        resources = runner.Resources(1, "dask", cluster.scheduler_address)
        runner.run(work, units, folder, resources=resources)
        killer.join()
    print("killed one and finished")
"""


def test_a_cluster_that_loses_a_worker_gives_the_same_to_the_digit(tmp_path):
    pytest.importorskip("distributed")
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    folder = tmp_path / "stacks"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, script, folder],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "killed one and finished" in done.stdout, done.stderr
    for unit in TINY:
        here = one_dimensional.work(unit)
        del here["seconds"]
        assert runner.read(folder / f"{unit.name}.json") == here


# ------------------------------------------------------------------ the command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--runs", "0"], "runs: expected"),
        (["--jobs", "0"], "jobs: expected"),
        (["--backend", "dask"], "scheduler: expected the address"),
        (["--scheduler", "tcp://x:1"], "scheduler: expected none"),
        (["--runs", "ten"], "invalid int value"),
        (["--backend", "ray"], "invalid choice"),
        (["--everything"], "unrecognized arguments"),
    ],
)
def test_wrong_options_end_with_one_clear_line(tmp_path, capsys, arguments, said):
    with pytest.raises(SystemExit) as ended:
        command.main(["one-dimensional", "--folder", str(tmp_path / "f"), *arguments])
    assert ended.value.code != 0
    assert said in capsys.readouterr().err
    assert not (tmp_path / "f").exists()
