"""How the tables became what they are, one step a file: what Alembic runs."""
