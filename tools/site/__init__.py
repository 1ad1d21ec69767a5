"""Builds the site, and extends Sphinx."""
