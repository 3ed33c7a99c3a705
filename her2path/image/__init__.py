"""Functions on pixels: geometry, optical density, stains, tissue. No file is read here."""
