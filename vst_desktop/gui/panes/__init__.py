"""The panes of the window. A pane shows a part of the view and says what the trader wants."""
