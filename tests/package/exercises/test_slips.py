"""No usual slip passes a grader, and no right answer is refused for its form."""

from __future__ import annotations

import pytest
import slips
from test_exercises import all_identities


@pytest.mark.parametrize("identity", all_identities())
def test_slips_are_refused_and_disguises_pass(identity):
    found = slips.report(identity)
    assert found.flaws == []
    assert found.passed == set(slips.EQUIVALENT.get(identity, {}))
    assert len(found.refused) >= 4  # kinds of slip


def test_equivalents_are_listed_for_exercises_of_the_book():
    assert set(slips.EQUIVALENT) <= set(all_identities())
