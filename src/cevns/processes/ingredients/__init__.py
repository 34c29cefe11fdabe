"""Physics that several processes share: charges, mediators, loops, degenerate solutions."""
