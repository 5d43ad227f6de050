"""Methods as people change them: drafts, edits, comparison in words, publication with a second person's approval."""
