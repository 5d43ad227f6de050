import pytest

from gezhi.foundation.measures import registry

from . import facts_table


@pytest.fixture
def counted(db, monkeypatch):
    """The facts table as the only source of cases; the engine's own registration comes back afterwards."""
    monkeypatch.setattr(registry, "_SOURCES", dict(registry._SOURCES))
    facts_table.create_table()
    facts_table.register()
    return facts_table
