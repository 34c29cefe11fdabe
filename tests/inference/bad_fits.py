"""Free fits of toys that fail or stop too high, for what must notice it."""

from cevns.inference.toys import block_fits


def spoil(monkeypatch, change):
    """Change what free fits give: a function of the fits and of the toys of a point."""
    original = block_fits.SliceFits.best

    def spoilt(self, data, truth, each):
        batch = original(self, data, truth, each)
        change(batch, each)
        return batch

    monkeypatch.setattr(block_fits.SliceFits, "best", spoilt)


def shallow(batch, _):
    """Every minimum is missed by a half."""
    batch.twice_nll[:] += 0.5


def failing(number):
    """The first so many fits fail."""

    def change(batch, _):
        batch.status[:number] = block_fits.FAILED

    return change
