"""Dialogs outside the flow of work."""
