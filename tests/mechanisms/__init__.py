"""One test or more per mechanism of the pages; `make mechanisms` prints which holds."""

import pytest


def mechanism(id: str, *, file: str = "") -> pytest.MarkDecorator:
    """Mark a test as the acceptance check of mechanism `id` ("M126"), defined in the pack `file`."""
    return pytest.mark.mechanism(id, file=file)
