"""Market data kept for as long as it may be used: bars, universes, chains for browsing."""
