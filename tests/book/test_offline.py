"""What chapters do asks nothing of the network."""

from __future__ import annotations

import subprocess
import sys

from tools.chapters import conventions

#: Draw, use the bundled data, load a stored table, make a claim, and at last call out;
#: the hook sees every name that is looked up and every connection, whatever opens it.
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
import socket
socket.create_connection(("192.0.2.1", 80))
"""


def test_a_lesson_runs_offline_and_a_call_would_be_seen():
    command = [sys.executable, "-c", LESSON]
    root = conventions.ROOT
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.stdout.count("Claim holds: ") == 2, done.stderr
    assert "RuntimeError: socket.getaddrinfo" in done.stderr
