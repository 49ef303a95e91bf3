"""Bars and chains for the station, cached and paced."""
