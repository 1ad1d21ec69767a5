"""Runs that are interrupted, damaged or spread out end with the same results."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import SimpleNamespace

import distributed
import pytest

from lecture_code.study import __main__ as command
from lecture_code.study import runner

PIECES = [SimpleNamespace(number=n, name=f"piece-{n}") for n in range(5)]
DONE = {piece.name: {"rows": [piece.number / 7]} for piece in PIECES}


def divided(piece) -> dict:
    return {"rows": [piece.number / 7]}


def never(piece) -> dict:
    raise AssertionError(f"{piece.name} was computed again")


def test_results_come_in_the_order_of_the_units_and_are_kept(tmp_path, capsys):
    got = runner.run(divided, PIECES, tmp_path)
    assert list(got.items()) == list(DONE.items())
    assert runner.run(never, PIECES, tmp_path, resume=True) == DONE
    assert {path.stem for path in tmp_path.iterdir()} == set(DONE)
    assert capsys.readouterr().err == ""  # no bar where nobody looks at it


def test_an_interrupted_run_goes_on_with_nothing_lost(tmp_path):
    asked = []

    def stopped(piece) -> dict:
        if piece.number == 3:
            raise KeyboardInterrupt
        return divided(piece)

    def counted(piece) -> dict:
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


def test_a_cluster_gives_the_same_though_it_loses_a_worker(tmp_path):
    folder, killed = tmp_path / "pieces", []

    def slowly(piece):  # a worker need not import this file, as the function is local
        time.sleep(1.0)  # long enough to be killed on the way
        return {"rows": [piece.number / 7]}

    def kill_one(cluster):
        while not list(folder.glob("*.json")):
            time.sleep(0.05)
        killed.append(next(iter(cluster.workers.values())).pid)
        os.kill(killed[0], signal.SIGKILL)

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
    ) as cluster:
        threading.Thread(target=kill_one, args=(cluster,), daemon=True).start()
        address = cluster.scheduler_address
        assert runner.run(slowly, PIECES, folder, scheduler=address) == DONE
    assert killed


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
