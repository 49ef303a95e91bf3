"""Instead of PyInstaller's own hook, which would look for the real numba's insides."""
