"""The package behind the companion: one module for each idea of the book.

Import modules, not names (``from lecture_code import histograms, session``), so that
each call in a chapter says where it lives.
"""

__version__ = "0.1.0"
