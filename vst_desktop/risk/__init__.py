"""Pure risk rules: sizing, limits and their denials."""
