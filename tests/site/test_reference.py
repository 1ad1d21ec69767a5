"""The pages that are made from what the repository holds say what it holds."""

from __future__ import annotations

import html
import re
from pathlib import Path
from types import ModuleType

from lecture_code import claims


def claims_of(builder: ModuleType) -> list[claims.Claim]:
    """Read the claims of all chapters as the package does, in the book's order."""
    paths = sorted((builder.ROOT / "book").glob("[0-9][0-9]-*.ipynb"))
    return [claim for path in paths for claim in claims.read(path)]


def listed(page: str) -> list[claims.Claim]:
    """Read the claims that the page of all claims lists, each linked to its place."""
    link = r'href="\d\d-[\w-]+\.html#claim-(\d+)-(\d+)"><span[^>]*>Claim (\d+\.\d+)'
    found = re.findall(rf"{link}</span></a>: (.*?)</p>", page, flags=re.DOTALL)
    assert {f"{chapter}.{order}" for chapter, order, *_ in found} == {
        identity for *_, identity, _ in found
    }
    return [claims.Claim(each[2], html.unescape(each[3])) for each in found]


def test_every_claim_is_listed_in_order(builder: ModuleType, site: Path) -> None:
    """Nothing is missing, nothing is added, and each sentence is that of the code."""
    page = (site / "book" / "claims.html").read_text(encoding="utf-8")
    wanted = claims_of(builder)
    assert listed(page) == wanted
    chapters = {claim.identity.split(".")[0] for claim in wanted}
    assert f"{len(wanted)} claims in {len(chapters)} chapters" in page


def test_every_claim_of_a_chapter_has_its_name_there(
    builder: ModuleType, site: Path
) -> None:
    """The chapter shows each claim's identity where the check printed it."""
    for path in (builder.ROOT / "book").glob("[0-9][0-9]-*.ipynb"):
        page = (site / "book" / f"{path.stem}.html").read_text(encoding="utf-8")
        shown = re.findall(r'id="claim-\d+-\d+"[^>]*>.*?Claim (\d+\.\d+) holds', page)
        assert shown == [claim.identity for claim in claims.read(path)]
