"""The notebooks: what they are, the rules they keep, storing, stripping."""
