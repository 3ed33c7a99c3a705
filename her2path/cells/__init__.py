"""The waist: the table of cells, and how the cells of one tile are measured."""
