"""Small building blocks of panes."""
