"""The table of mutation checks is kept whole, and what survived has its reason."""

from __future__ import annotations

import re
import tomllib

import mutation
import pytest
import tables

ROWS = tables.read(mutation.TABLE)

each_row = pytest.mark.parametrize("kept", ROWS, ids=lambda each: each["room"])


def reasons(room: str) -> dict[str, str]:
    return tomllib.loads((mutation.RESULTS / f"{room}.toml").read_text("utf-8"))


def test_the_chapters_that_use_a_room_are_found():
    found = [path.stem for path in mutation.chapters_using("autoregressive")]
    assert found == ["05-autoregressive"]
    assert mutation.chapters_using("no_such_room") == []


def test_changes_that_no_test_met_are_unnoticed():
    assert mutation.unnoticed({"a": 0, "b": 1, "c": 33, "d": 36}) == ["a", "c"]


def test_claims_are_asked_once(tmp_path, monkeypatch):
    asked = []

    def notice(_place, mutant, _chapters):
        asked.append(mutant)
        return mutant == "a"

    monkeypatch.setattr(mutation, "claims_notice", notice)
    for _ in range(2):
        found = dict(mutation.remembered(tmp_path, "divergences", ["a", "b"]))
        assert found == {"a": True, "b": False}
    assert asked == ["a", "b"]


def test_what_has_not_been_tried_is_not_counted(tmp_path):
    meta = tmp_path / "mutants" / "lecture_code" / "vae.py.meta"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"exit_code_by_key": {"a": 1, "b": null}}')
    with pytest.raises(SystemExit, match="1 changes have not been tried"):
        mutation.judged(tmp_path, "vae")


def test_every_room_of_mathematics_has_its_row():
    assert {each["room"] for each in ROWS} == {
        *("histograms", "densities", "divergences", "autoregressive", "autoencoders"),
        *("vae", "flows", "gan", "diffusion", "pushforward", "lipschitz", "metrics"),
    }


@pytest.mark.parametrize(
    "kept", tables.read(mutation.TABLE), ids=lambda each: each["room"]
)
def test_nine_in_ten_changes_of_a_room_are_noticed(kept):
    assert int(kept["mutants"]) >= 10
    assert int(kept["survived"]) <= 0.1 * int(kept["mutants"])


@pytest.mark.parametrize(
    "kept", tables.read(mutation.TABLE), ids=lambda each: each["room"]
)
def test_every_survivor_has_its_reason(kept):
    text = (mutation.RESULTS / f"{kept['room']}.txt").read_text("utf-8")
    names = re.findall(r"^# (\S+)$", text, flags=re.MULTILINE)
    assert len(names) == int(kept["survived"])
    given = reasons(kept["room"])
    assert {name for name in names if not given.get(name, "").strip()} == set()
    assert set(given) <= set(names)
