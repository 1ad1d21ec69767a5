"""Two uses of the workshops' models, for chapter 13: chances to code by, and halves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from lecture_code.recipes import workshop_scores

COUNT, ROW = 8, 14  # test images; the first row that is lost


def uses() -> dict[str, np.ndarray]:
    """Take the first test images; return what two models make of them.

    "tossed": images (n, 784) of zeros and ones; "chances": what the masked convolution
    gives to ink in each pixel, given those before it; "chain" and "diffusion": the
    lower halves drawn by the convolution, and by the diffusion model that is told no
    digit, with the upper halves in grey as it sees them.
    """
    pixels = workshop_scores.defined("workshop-autoregressive-cnn")
    walk = workshop_scores.defined("workshop-diffusion")
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x, cnn = pixels["draw"]("test", 2)[:COUNT], pixels["cnn"]
        chances = cnn(x).sigmoid()
        chain = pixels["complete"](cnn, x, row=ROW)
        grey = walk["datasets"].mnist("test").pixels[:COUNT].to(x.device)
        upper = torch.arange(784, device=x.device) < 28 * ROW
        nobody = walk["told"](torch.full((COUNT,), 10, device=x.device))
        start = torch.randn(COUNT, 784).to(x.device)
        filled = walk["complete"](nobody, start, grey / 127.5 - 1, upper, 32)
    found = {
        "tossed": x.byte(),
        "chances": chances.half(),
        "chain": chain.byte(),
        "diffusion": ((filled.clamp(-1, 1) + 1) * 127.5).round().byte(),
    }
    return {name: values.cpu().numpy() for name, values in found.items()}


ARRAYS: dict[str, Callable[[], dict[str, np.ndarray]]] = {"workshop-uses": uses}
