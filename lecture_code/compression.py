"""The arithmetic coder: any model that can say what comes next becomes a compressor.

An image is a path through nested intervals: each pixel cuts the interval of those
before it in proportion to the probabilities of its values. The code word is the
shortest binary number that lies in the last interval.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from lecture_code import _validate, networks

_BITS = 32  # of the window through which the interval is seen
_WHOLE, _HALF, _QUARTER = 1 << _BITS, 1 << (_BITS - 1), 1 << (_BITS - 2)
_TOTAL = 1 << 16  # the sum of the counts that stand for probabilities


def counts(p: ArrayLike) -> np.ndarray:
    r"""Return whole numbers that stand for probabilities in a coder.

    .. math:: c_v = 1 + \lfloor (T - k)\, p_v \rfloor, \quad T = 2^{16}

    Of probabilities (k,), k at most :math:`2^{15}`, it makes int64 counts (k,). What is
    left to :math:`T` goes to the likeliest value. No value has count 0, so that each
    can be coded, and since :math:`c_v > (T - k)\, p_v` rounding costs a symbol less
    than :math:`\log_2 (T / (T - k))` bits.
    """
    p = _validate.probabilities("p", p)
    if len(p) > _TOTAL // 2:
        raise ValueError(f"p: expected at most {_TOTAL // 2} values, got {len(p)}")
    return _count(p)


class Encoder:
    """Narrows an interval, symbol by symbol, and writes down the bits that are settled.

    References
    ----------
    Witten, Neal and Cleary (1987), Arithmetic coding for data compression, figure 3.
    """

    def __init__(self) -> None:
        self._window = _Window()
        self._bits: list[int] = []
        self._open = 0  # bits that are settled but for a carry: 0 1 1 1 or 1 0 0 0

    def __repr__(self) -> str:
        return f"Encoder({len(self._bits)} bits written)"

    def write(self, symbol: int, p: ArrayLike) -> None:
        """Add a symbol, 0 to k - 1, whose values had the probabilities ``p``, (k,)."""
        sizes = counts(p)
        symbol = _validate.integer("symbol", symbol, low=0, high=len(sizes) - 1)
        self._write(symbol, sizes)

    def finish(self) -> list[int]:
        r"""Return the code word, zeros and ones, of all that was written so far.

        They are the fewest that leave no doubt whatever follows them, so that no word
        begins another one: at most 2 more than the message's surprise
        :math:`-\log_2 p`, plus what rounding costs. The encoder may go on.
        """
        low, high = self._window.low, self._window.high
        if (low, high, self._open) == (0, _WHOLE - 1, 0):
            return list(self._bits)  # all that follows is ours
        at_edge = low == 0 or high == _WHOLE - 1  # then half of the window is ours
        bit = int(low > 0 and (at_edge or low > _QUARTER))
        return self._bits + self._settle(bit) + ([] if at_edge else [1 - bit])

    def _write(self, symbol: int, sizes: np.ndarray) -> None:
        for shift in self._window.narrow(symbol, sizes):
            if shift == _QUARTER:
                self._open += 1
            else:
                self._bits += self._settle(int(shift == _HALF))
                self._open = 0

    def _settle(self, bit: int) -> list[int]:
        """Return a bit and those that only waited to know whether it carries."""
        return [bit] + [1 - bit] * self._open


class Decoder:
    """Retraces the encoder's intervals to see which symbols led to a code word.

    Parameters
    ----------
    word : list of int
        Zeros and ones, as from :meth:`Encoder.finish`; may be empty.

    References
    ----------
    Witten, Neal and Cleary (1987), Arithmetic coding for data compression, figure 3.
    """

    def __init__(self, word: list[int]) -> None:
        _validate.instance("word", word, list)
        bits = [_validate.integer("word", bit, low=0, high=1) for bit in word]
        self._window = _Window()
        self._ahead = itertools.chain(bits, itertools.repeat(0))
        self._value = 0
        for _ in range(_BITS):
            self._value = 2 * self._value + next(self._ahead)

    def __repr__(self) -> str:
        return f"Decoder(window of {_BITS} bits)"

    def read(self, p: ArrayLike) -> int:
        """Return the next symbol, 0 to k - 1.

        Its probabilities (k,) are the very numbers that the encoder had.
        """
        return self._read(counts(p))

    def _read(self, sizes: np.ndarray) -> int:
        symbol = self._window.find_symbol(self._value, sizes)
        for shift in self._window.narrow(symbol, sizes):
            self._value = 2 * (self._value - shift) + next(self._ahead)
        return symbol


def encode(symbols: Iterable[int], p: Iterable[ArrayLike]) -> list[int]:
    """Return the code word of d symbols, 0 to k - 1, that had the probabilities (d, k).

    The same probabilities, one symbol after the other, decode it.
    """
    encoder = Encoder()
    for symbol, chances in zip(symbols, p, strict=True):
        encoder.write(symbol, chances)
    return encoder.finish()


def compress(x: torch.Tensor, model: Any) -> list[list[int]]:
    """Code each image by itself, in the order of an autoregressive model.

    Images are whole numbers (n, d). The model offers ``conditionals(x)``, (n, d, k),
    and ``order``, (d,); it is asked without dropout, whatever mode it is in.

    References
    ----------
    MacKay (2003), Information Theory, Inference, and Learning Algorithms, section 6.2.
    """
    chances = _normalise_conditionals(model)(x)
    order = model.order.tolist()
    return [_encode(v, p, order) for v, p in zip(x.long(), chances, strict=True)]


def decompress(words: list[list[int]], model: Any) -> torch.Tensor:
    """Undo :func:`compress`, pixel by pixel, all images side by side: (n, d), float32.

    Both ends must compute the same probabilities to the last digit. They do on one
    machine with the same number of images; on two kinds of machine nobody promises it.
    """
    conditionals = _normalise_conditionals(model)
    decoders = [Decoder(word) for word in _validate.items("words", words)]
    x = torch.zeros(len(decoders), len(model.order))
    for pixel in model.order.tolist():
        chances = conditionals(x)[:, pixel]
        pairs = zip(decoders, chances, strict=True)
        symbols = [decoder._read(_count(p)) for decoder, p in pairs]
        x[:, pixel] = torch.tensor(symbols, dtype=x.dtype)
    return x


class _Window:
    """The interval seen through 32 bits: enlarged whenever its first bit is settled."""

    def __init__(self) -> None:
        self.low, self.high = 0, _WHOLE - 1

    def narrow(self, symbol: int, sizes: np.ndarray) -> list[int]:
        """Go to a symbol's part; return what was subtracted before each enlargement."""
        span, below = self.high - self.low + 1, int(sizes[:symbol].sum())
        until = below + int(sizes[symbol])
        self.high = self.low + span * until // _TOTAL - 1
        self.low += span * below // _TOTAL
        shifts = []
        while (shift := self._find_shift()) is not None:
            self.low = 2 * (self.low - shift)
            self.high = 2 * (self.high - shift) + 1
            shifts.append(shift)
        return shifts

    def find_symbol(self, value: int, sizes: np.ndarray) -> int:
        """Return the symbol whose part holds a value."""
        span = self.high - self.low + 1
        place = ((value - self.low + 1) * _TOTAL - 1) // span
        return int(np.searchsorted(sizes.cumsum(), place, side="right"))

    def _find_shift(self) -> int | None:
        """Return where to enlarge the window, None while its ends are far apart."""
        if self.high < _HALF:
            return 0
        if self.low >= _HALF:
            return _HALF
        if self.low >= _QUARTER and self.high < _HALF + _QUARTER:
            return _QUARTER
        return None


def _count(p: np.ndarray) -> np.ndarray:
    result = 1 + np.floor((_TOTAL - len(p)) * (p / p.sum())).astype(np.int64)
    result[p.argmax()] += _TOTAL - result.sum()
    return result


def _encode(symbols: torch.Tensor, chances: np.ndarray, order: list[int]) -> list[int]:
    encoder = Encoder()
    for pixel in order:
        encoder._write(int(symbols[pixel]), _count(chances[pixel]))
    return encoder.finish()


def _normalise_conditionals(model: Any) -> Callable[[torch.Tensor], np.ndarray]:
    """Return conditionals without dropout, in float64, whose rows sum to 1 exactly."""
    offered = getattr(model, "conditionals", None)
    if not callable(offered) or not hasattr(model, "order"):
        got = _validate.describe(model)
        raise TypeError(
            "model: expected conditionals and an order, which autoregressive models "
            f"have, got {got}"
        )

    def conditionals(x: torch.Tensor) -> np.ndarray:
        with networks.evaluating(model):
            p = offered(x)
        p = _validate.tensor("conditionals", p, shape=("n", "d", "k"), low=0).double()
        return (p / p.sum(dim=2, keepdim=True)).cpu().numpy()

    return conditionals
