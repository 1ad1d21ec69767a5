"""The arithmetic coder loses nothing and comes as close to -log2 p as can be."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from seeds import seeded

from lecture_code import autoregressive, compression, networks

LAW = [0.5, 0.25, 0.125, 0.125]


def code(symbols, p):
    encoder = compression.Encoder()
    for symbol in symbols:
        encoder.write(symbol, p)
    return encoder.finish()


def read(word, p, n):
    decoder = compression.Decoder(word)
    return [decoder.read(p) for _ in range(n)]


@st.composite
def messages(draw):
    """Draw probabilities, some of them 0 or tiny, and symbols."""
    k = draw(st.integers(1, 6))
    entry = st.one_of(st.just(0.0), st.floats(1e-12, 1))
    raw = draw(st.lists(entry, min_size=k, max_size=k).filter(lambda v: sum(v) > 0))
    symbols = draw(st.lists(st.integers(0, k - 1), max_size=60))
    return symbols, np.array(raw) / sum(raw)


def surprise(symbols, p):
    """Bits of a message, each probability as the coder's counts have it."""
    sizes = compression.counts(p)
    return -sum(math.log2(sizes[s] / sizes.sum()) for s in symbols)


# ------------------------------------------------------------------------------ counts


@given(messages())
def test_counts_cost_next_to_nothing_and_leave_none_out(message):
    p = message[1]
    sizes = compression.counts(p)
    assert sizes.sum() == 2**16
    assert sizes.min() >= 1
    assert (sizes >= (2**16 - len(p)) * p).all()


def test_too_many_values_are_refused():
    with pytest.raises(ValueError, match="p: expected at most 32768 values"):
        compression.counts(np.full(40_000, 1 / 40_000))


# -------------------------------------------------------------------------- code words


@settings(max_examples=100)
@given(messages(), st.lists(st.integers(0, 1), max_size=40))
def test_what_is_coded_comes_back_whatever_follows_and_is_short(message, noise):
    symbols, p = message
    word = code(symbols, p)
    assert read(word + noise, p, len(symbols)) == symbols
    # an interval is cut at multiples of its width / 2**30: at most 2**-14 of a symbol
    assert -0.01 < len(word) - surprise(symbols, p) <= 2 + 0.01


def find_shortest(symbols, p):
    """Try all words, from the shortest, until one lies in the message's interval."""
    low, width = Fraction(0), Fraction(1)
    for s in symbols:
        low += width * sum(map(Fraction, p[:s]))
        width *= Fraction(p[s])
    for length in itertools.count():
        first = math.ceil(low * 2**length)
        if Fraction(first + 1, 2**length) <= low + width:
            return [first >> i & 1 for i in reversed(range(length))]


@pytest.mark.parametrize("p", [[0.5, 0.5], [0.25, 0.75], [0.25, 0.625, 0.125], LAW])
def test_no_word_is_shorter(p):
    """Counts in sixteenths of powers of two are nearly exact, so are the intervals."""
    for symbols in itertools.product(range(len(p)), repeat=3):
        assert code(symbols, p) == find_shortest(symbols, p)


def test_long_runs_of_the_middle_are_carried():
    """The middle third of the middle third ...: no bit is settled for long."""
    p = np.array([0.375, 0.25, 0.375])
    symbols = [1] * 200 + [0, 2] * 50
    assert read(code(symbols, p), p, len(symbols)) == symbols


def test_probabilities_may_change_with_every_symbol():
    rng = np.random.default_rng(0)
    laws = rng.dirichlet([0.2] * 17, size=1000)
    symbols = [int(rng.choice(17, p=p)) for p in laws]
    word = compression.encode(symbols, laws)
    decoder = compression.Decoder(word)
    assert [decoder.read(p) for p in laws] == symbols
    ideal = -sum(math.log2(p[s]) for s, p in zip(symbols, laws, strict=True))
    assert len(word) == pytest.approx(ideal, rel=0.02)


def test_an_encoder_may_go_on_after_a_word():
    encoder = compression.Encoder()
    encoder.write(1, LAW)
    assert encoder.finish() == encoder.finish() == code([1], LAW)
    encoder.write(3, LAW)
    assert encoder.finish() == code([1, 3], LAW)


# ------------------------------------------------------------------------------ images


def test_an_order_of_its_own_is_followed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = autoregressive.Autoregressive(
            networks.masked_mlp([5, 9, 5]), pixels=5, order=[3, 0, 4, 1, 2]
        )
    x = model.sample(40, seeded(1))
    assert torch.equal(compression.decompress(compression.compress(x, model), model), x)
