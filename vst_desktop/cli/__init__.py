"""Command line of the station."""
