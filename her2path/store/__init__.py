"""Files of her2path itself: recipes, rulebooks, tables, run folders, region files."""
