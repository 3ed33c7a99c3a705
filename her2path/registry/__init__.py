"""The journal of batches: what happened to which slide, in a database; nothing is decided by it."""
