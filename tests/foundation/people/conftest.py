import pytest

from .county import County


@pytest.fixture(autouse=True)
def quick_hashing(settings):
    """Hashing is slow on purpose; here only that it happens matters, not how long it takes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def county(db):
    return County()
