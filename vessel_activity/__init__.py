"""Vessel activity: the Python shell around live ship-tracking figures that PostgreSQL keeps."""

__version__ = "0.1.0"
