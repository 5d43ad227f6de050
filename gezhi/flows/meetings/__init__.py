"""Meetings and cases: what a meeting assigns becomes a case with an owner and a clock; the minutes show how it stands."""
