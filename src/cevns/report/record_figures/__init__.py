"""Figures of results for notebooks: what `plot` draws where no other figure of the package fits."""
