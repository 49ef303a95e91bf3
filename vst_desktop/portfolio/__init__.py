"""Positions of spreads and the account they stand in."""
