"""The study in one dimension."""
