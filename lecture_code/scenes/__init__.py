"""Figures made for one chapter: each module draws what its chapter shows.

Nothing is computed here that a reader should see, and nothing is checked: the numbers
come from the chapter. Figures that serve several chapters are in ``plotting``.
"""
