"""Workbooks in and out: what people have in Excel becomes rows that were looked at, cell by cell, before they count.

An engine says what it takes (`targets.register(Target(...))`), a pack says how a sender writes it (`sheets/*.yaml`);
this room reads the file, matches the columns, tells each cell's problem, waits for a person's yes, fills in batches
and can take the whole back. docs/rules/sheets.md
"""
