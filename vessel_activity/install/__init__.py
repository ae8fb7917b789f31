"""Puts vessel activity into a database, keeps it up to date there, and removes it."""
