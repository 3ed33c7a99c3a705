"""Rules and statistics on the cell table alone: no pixel, no file."""
