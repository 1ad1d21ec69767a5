"""Run a command cut off from the network, or with folders mounted in its own way.

Linux alone can do that, and not every machine lets us; tests are skipped where not.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

#: The loopback device starts switched off, and a kernel talks to its client through it.
LOOPBACK = """\
import fcntl, socket, struct
device = struct.pack("16sh14x", b"lo", 0x41)
fcntl.ioctl(socket.socket(), 0x8914, device)"""


def unshare(script: str, *, net: bool = False) -> subprocess.CompletedProcess:
    """Run a shell script in namespaces of its own, without a network if asked."""
    options = ["--mount", *(["--net"] if net else [])]
    options += [] if os.getuid() == 0 else ["--map-root-user"]
    begin = ["set -e"]
    if net:
        begin.append(f"{shlex.quote(sys.executable)} -c {shlex.quote(LOOPBACK)}")
    return subprocess.run(
        ["unshare", *options, "sh", "-c", "\n".join([*begin, script])],
        capture_output=True,
        text=True,
    )


def needed(*, net: bool = False) -> None:
    """Skip a test where namespaces cannot be had."""
    try:
        done = unshare("mount -t tmpfs none /mnt", net=net)
    except OSError:
        pytest.skip("no unshare on this machine")
    if done.returncode:
        pytest.skip(f"namespaces are not permitted here: {done.stderr.strip()}")


def read_only(folder: Path) -> str:
    """Give the lines of a script that make a folder read-only."""
    place = shlex.quote(str(folder))
    return f"mount --bind {place} {place}\nmount -o remount,ro,bind {place}\n"


def small(folder: Path, size: str) -> str:
    """Give the line of a script that mounts a small, empty disk."""
    return f"mount -t tmpfs -o size={size} none {shlex.quote(str(folder))}\n"
