"""Whether anybody made up for a demonstration can still sign in here."""

from __future__ import annotations


def demo_people_exist() -> bool:
    """True while a synthetic person is active and has a sign-in. A production start refuses then."""
    from .models import Person

    return Person.objects.filter(synthetic=True, active=True, username__isnull=False).exclude(password="").exists()
