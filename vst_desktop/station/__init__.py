"""The facade the window and the command line talk to."""
