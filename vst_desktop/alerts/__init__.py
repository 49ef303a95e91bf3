"""Routes what happened to the trader's channels."""
