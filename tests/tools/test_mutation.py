"""What survived the mutation checks has its reason."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

RESULTS = Path(__file__).with_name("mutation")
with (RESULTS / "modules.csv").open(encoding="utf-8") as file:
    MODULES = list(csv.DictReader(file))


@pytest.mark.parametrize("row", MODULES, ids=lambda row: row["module"])
def test_every_survivor_has_its_reason(row):
    text = (RESULTS / f"{row['module']}.toml").read_text(encoding="utf-8")
    reasons = tomllib.loads(text)
    assert all(reason.strip() for reason in reasons.values())
    assert len(reasons) == int(row["survived"]) <= 0.1 * int(row["mutants"])
