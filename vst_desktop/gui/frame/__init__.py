"""The window's frame: docks, workspaces, the layout that is kept."""
