"""Files of AIS reports: read, loaded into the source tables, and replayed."""
