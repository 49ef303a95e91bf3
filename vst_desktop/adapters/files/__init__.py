"""Bars and option chains from Parquet and CSV files."""
