"""Alert channels outside the window."""
