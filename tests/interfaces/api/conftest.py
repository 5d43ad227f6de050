import pytest

from gezhi.interfaces.api import limits
from tests.interfaces.api.world import World


@pytest.fixture(autouse=True)
def _patient_doors():
    limits.buckets.clear()


@pytest.fixture
def world(db, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path / "home"
    return World()
