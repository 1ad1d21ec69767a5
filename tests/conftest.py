"""What every test runs under: no screen, one thread, the same examples each time.

Warnings are errors in all tests; that stands in pyproject.toml.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib
os.environ["OMP_NUM_THREADS"] = "1"  # before numpy's linear algebra is loaded
os.environ["TQDM_DISABLE"] = "1"

import hypothesis
import pytest
import torch

from lecture_code import _mnist, datasets

hypothesis.settings.register_profile(
    "book", deadline=None, derandomize=True, database=None, max_examples=20
)
hypothesis.settings.load_profile("book")
torch.set_num_threads(1)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run that was started in the background ignores Ctrl-C, and so would all that the
    # tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_figure_left() -> Iterator[None]:
    """Close what a test has drawn: an open figure would reach into the next test."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Let each test draw weights from one seed; the random state stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        yield


@pytest.fixture
def generator() -> torch.Generator:
    """Give a source of random numbers that no other test shares."""
    return torch.Generator().manual_seed(20)


@pytest.fixture(scope="session")
def mnist() -> Callable[..., datasets.Digits]:
    """Give ``datasets.mnist`` where its files are in the cache, else skip the test."""
    if _mnist.missing():
        pytest.skip(
            "NO MNIST: the tests that need it were skipped, because its files are not "
            f"in {_mnist.cache()}; `make data` fetches them."
        )
    return datasets.mnist


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one loud line each why tests were skipped, whichever process ran them."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in sorted({report.longrepr[2] for report in skipped}):
        terminalreporter.write_line(reason, red=True, bold=True)


@pytest.fixture
def kept_globals() -> Iterator[None]:
    """Undo what a test does to random states, threads and the plot style."""
    import global_state

    before = global_state.snapshot()
    yield
    global_state.restore(before)
