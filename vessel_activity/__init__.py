"""Vessel activity: live ship-tracking figures that PostgreSQL keeps, and the commands around them.

The version stands here. `make release` also writes it into openapi.json and CHANGELOG.md.
"""

__version__ = "0.1.0"
