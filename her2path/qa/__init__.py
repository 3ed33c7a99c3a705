"""Agreement between raters, studies of it, and watching it over time: arrays and small values in and out."""
