"""What takes longer than a chapter may, run from the command line."""
