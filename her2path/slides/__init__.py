"""The edge to slide files: one small contract, a few readers, one opener."""
