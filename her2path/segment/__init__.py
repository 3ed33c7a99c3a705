"""Who finds the cells of a tile: a Segmenter turns pixels into CellMaps."""
