"""Many slides unattended: the queue, what has come of it so far, and what a person must look at."""
