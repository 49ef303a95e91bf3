"""All input and output; siblings do not know each other."""
