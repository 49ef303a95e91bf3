"""The bundled simulator as a child process, and its control line."""
