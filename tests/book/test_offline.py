"""What chapters do asks nothing of the network."""

from __future__ import annotations

import subprocess
import sys

from tools.chapters import conventions

#: Draw, use the bundled data, load a stored table, make a claim; the hook sees every
#: name that is looked up and every connection, whatever opens it.
LESSON = """\
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
from lecture_code import claims, datasets, plotting, session, trained

session.start(seed=0)
train = datasets.digits().pixels
plotting.bars([0.5, 0.5])
claims.claim("the digits are there", len(train) == 1000)
claims.claim("a table is there", len(trained.table("coverage")["images"]) > 0)
"""
CALL = "import socket; socket.create_connection(('192.0.2.1', 80))\n"


def run(program: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=conventions.ROOT,
        capture_output=True,
        text=True,
    )


def test_a_lesson_runs_offline():
    done = run(LESSON)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Claim holds: ") == 2


def test_a_call_would_be_seen():
    assert "RuntimeError: socket.getaddrinfo" in run(LESSON + CALL).stderr
