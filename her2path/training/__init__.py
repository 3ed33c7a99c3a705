"""Fields of known truth for the network to learn from, and the run that teaches it."""
