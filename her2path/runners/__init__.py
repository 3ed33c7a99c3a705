"""Who runs the tiles: one contract, an ordered bounded map."""
