"""Tests mirror `gezhi/`; `concurrency/` races, `mechanisms/` the practices of the pages, `promises/` the documents."""
