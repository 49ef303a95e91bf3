"""Turns a universe of bars into signals."""
