"""Pure option mathematics: pricing, filters, selection, analytics."""
