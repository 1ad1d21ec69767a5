"""Runs that are interrupted, damaged or spread out end with the same results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lecture_code.study import __main__ as command
from lecture_code.study.line import runner


class Piece(NamedTuple):
    number: int

    @property
    def name(self) -> str:
        return f"piece-{self.number}"


PIECES = [Piece(number) for number in range(5)]
DONE = {piece.name: {"rows": [piece.number / 7]} for piece in PIECES}


def divided(piece: Piece) -> dict:
    return {"rows": [piece.number / 7]}


def never(piece: Piece) -> dict:
    raise AssertionError(f"{piece.name} was computed again")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_units_and_are_kept(tmp_path, capsys, jobs):
    got = runner.run(divided, PIECES, tmp_path, jobs=jobs)
    assert list(got.items()) == list(DONE.items())
    assert runner.run(never, PIECES, tmp_path, resume=True) == DONE
    assert {path.stem for path in tmp_path.iterdir()} == set(DONE)
    assert capsys.readouterr().err == ""  # no bar where nobody looks at it


def test_an_interrupted_run_goes_on_with_nothing_lost(tmp_path):
    asked = []

    def stopped(piece: Piece) -> dict:
        if piece.number == 3:
            raise KeyboardInterrupt
        return divided(piece)

    def counted(piece: Piece) -> dict:
        asked.append(piece.number)
        return divided(piece)

    with pytest.raises(KeyboardInterrupt):
        runner.run(stopped, PIECES, tmp_path)
    assert len(list(tmp_path.glob("*.json"))) == 3
    assert runner.run(counted, PIECES, tmp_path, resume=True) == DONE
    assert asked == [3, 4]


def test_finished_work_is_kept_and_a_damaged_file_named(tmp_path):
    runner.run(divided, PIECES, tmp_path)
    with pytest.raises(ValueError, match=r"folder: .* go on with --resume"):
        runner.run(never, PIECES, tmp_path)
    path = tmp_path / "piece-1.json"
    path.write_text(path.read_text()[:-1])
    with pytest.raises(ValueError, match=r"piece-1\.json is damaged; delete it"):
        runner.run(never, PIECES, tmp_path, resume=True)


KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
from typing import NamedTuple
import distributed
from lecture_code.study.line import runner

class Piece(NamedTuple):
    number: int

    @property
    def name(self):
        return f"piece-{self.number}"

def slowly(piece):
    time.sleep(1.0)  # long enough to be killed on the way
    return {"rows": [piece.number / 7]}

def kill_one(cluster, folder):
    while not list(folder.glob("*.json")):
        time.sleep(0.05)
    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        killer = threading.Thread(target=kill_one, args=(cluster, folder), daemon=True)
        killer.start()
        pieces = [Piece(number) for number in range(5)]
        runner.run(slowly, pieces, folder, scheduler=cluster.scheduler_address)
        killer.join()
    print("killed one and finished")
"""


def test_a_cluster_that_loses_a_worker_gives_the_same(tmp_path):
    script, folder = tmp_path / "killed.py", tmp_path / "pieces"
    script.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, script, folder],
        env={**os.environ, "PYTHONPATH": str(Path(runner.__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "killed one and finished" in done.stdout, done.stderr
    assert runner.run(never, PIECES, folder, resume=True) == DONE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--runs", "0"], "runs: expected"),
        (["--jobs", "0"], "--jobs: expected at least 1, got 0"),
        (["--backend", "dask"], "--scheduler: expected with --backend dask"),
        (["--scheduler", "tcp://x:1"], "--scheduler: expected with --backend dask"),
        (["--runs", "ten"], "invalid int value"),
        (["--backend", "ray"], "invalid choice"),
        (["--everything"], "unrecognized arguments"),
    ],
)
def test_wrong_options_end_with_one_clear_line(tmp_path, capsys, arguments, said):
    with pytest.raises(SystemExit) as ended:
        command.main(["line", "--folder", str(tmp_path / "f"), *arguments])
    assert ended.value.code != 0
    assert said in capsys.readouterr().err
    assert not (tmp_path / "f").exists()
