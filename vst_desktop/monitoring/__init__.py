"""Counts errors and recoveries, measures how fast the station works."""
