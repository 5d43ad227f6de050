"""Benchmarks: speed as a ratio to a limit measured in the same run, beside CPU time and query counts.

`python -m bench` (or `make bench`) runs all of them on SQLite and on PostgreSQL and prints one table;
`python -m bench --small` is a quick run of about a minute. docs/speed.md says how to read it.
"""
