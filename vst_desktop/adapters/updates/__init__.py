"""Is there a newer version? A signed manifest is asked; nothing is ever installed."""
