"""办: declared processes over cases: one accountable seat and one running clock until another person confirms."""
