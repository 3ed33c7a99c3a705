"""The compact network: what it computes, what it learns from, and how its weights are kept."""
