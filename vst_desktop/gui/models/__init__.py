"""Qt item models of the tables."""
