"""A paper (rules.py) as HTML, Word and PDF: pure functions of the paper, so the same paper gives the same bytes."""
