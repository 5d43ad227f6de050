"""Case and paper meet: a case's facts for templates, documents about cases, ledgers of case lists."""
