"""Pure values and events of the trade; standard library only."""
