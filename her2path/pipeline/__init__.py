"""From a slide to its score: survey, tiles, cells, score."""
