"""The feed: AIS messages taken from where they are, and filed in the source tables."""
