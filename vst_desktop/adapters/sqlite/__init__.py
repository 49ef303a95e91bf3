"""The journal and stores in SQLite; the only place that imports it."""
