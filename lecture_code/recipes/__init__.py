"""How what is stored in ``trained`` was made."""
