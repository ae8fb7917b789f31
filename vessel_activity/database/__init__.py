"""Connections to the database, its errors as text, and the PostgreSQL server that is embedded."""
