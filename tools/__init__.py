"""What keeps the book: builds the site, stores and judges chapters, checks."""
