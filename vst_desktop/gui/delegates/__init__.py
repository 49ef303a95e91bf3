"""Painting of cells."""
