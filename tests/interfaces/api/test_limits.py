"""Rate limits of the public doors: pure buckets, then polite refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.workflows.models import Case
from gezhi.interfaces.api import limits
from gezhi.interfaces.api.limits import Buckets, Rate, parse_rate


@given(st.lists(st.floats(0, 50), max_size=60), st.integers(1, 10), st.integers(1, 60))
def test_no_client_ever_gets_more_than_the_rate(pauses, count, seconds):
    """In any window at most the whole bucket and what flowed in since."""
    buckets, rate, now, taken = Buckets(), Rate(count, seconds), 1000.0, []
    for pause in pauses:
        now += pause
        if not buckets.take(b"a", rate, now):
            taken.append(now)
    for i, start in enumerate(taken):
        for j in range(i, len(taken)):
            assert j - i + 1 <= count + (taken[j] - start) * count / seconds + 1e-6


@given(st.integers(1, 20), st.integers(1, 60), st.floats(0, 100))
def test_the_wait_that_is_told_is_enough(count, seconds, pause):
    buckets, rate = Buckets(), Rate(count, seconds)
    for _ in range(count):
        assert buckets.take(b"a", rate, 0.0) == 0.0
    wait = buckets.take(b"a", rate, 0.0)
    assert 0 < wait <= seconds
    assert buckets.take(b"a", rate, wait + 1e-6 + pause) == 0.0
    assert buckets.take(b"b", rate, 0.0) == 0.0, "another client is another bucket"


def test_memory_is_bounded():
    buckets = Buckets(max_keys=10)
    for n in range(1000):
        buckets.take(str(n).encode(), Rate(1, 1), 0.0)
    assert len(buckets._levels) == 10


@pytest.mark.parametrize(("words", "rate"), [("60/m", Rate(60, 60)), ("5/s", Rate(5, 1)), (" 7/h ", Rate(7, 3600))])
def test_rates_in_words(words, rate):
    assert parse_rate(words) == rate


@pytest.mark.parametrize("words", ["", "60", "/m", "0/m", "-1/m", "1.5/m", "60/d", "60/m/m", "a/m"])
def test_wrong_rates_are_refused(words):
    with pytest.raises(ValueError, match="60/m"):
        parse_rate(words)


@pytest.mark.django_db
def test_a_public_door_closes_politely_and_only_for_that_client(world, settings):
    settings.GEZHI_RATE = "3/h"
    for _ in range(3):
        world.raise_matter()
    for lang in ("zh-Hans", "en"):
        answer = world.post("/requests", {"text": "路灯"}, lang=lang)
        error = answer.json()["error"]
        assert answer.status_code == 429 and error["code"] == "too_many"
        assert 1 <= int(answer["Retry-After"]) <= 1200 and answer["Retry-After"] in error["next"]
    assert Case.objects.count() == 3
    assert world.post("/requests", {"text": "路灯"}, REMOTE_ADDR="10.0.0.9").status_code == 201
    assert world.get("/places").status_code == 200, "reading has a door of its own"


@pytest.mark.django_db
def test_guessing_codes_is_slow(world, settings):
    settings.GEZHI_RATE_GUESSES = "4/h"
    code = world.raise_matter()["code"]
    seen = [world.get(f"/requests/{word}").status_code for word in ("2222222222", "NOPE", "3", "4", "5")]
    assert seen == [404, 404, 404, 404, 429]
    assert world.get(f"/requests/{code}").status_code == 200, "who has a code is not kept waiting"


@pytest.mark.django_db
def test_production_is_careful_and_a_demo_is_not(settings, monkeypatch):
    monkeypatch.delenv("GEZHI_RATE", raising=False)
    settings.PRODUCTION = True
    assert limits.rate() == Rate(60, 60)
    settings.PRODUCTION = False
    assert limits.rate().count >= 4326, "a replay of the whole stream passes in a minute"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "ip"),
    [
        ("0", "6.6.6.6", "10.0.0.1"),
        ("1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("2", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("1", "", "10.0.0.1"),
    ],
)
def test_forwarded_addresses_count_only_from_declared_proxies(rf, monkeypatch, proxies, forwarded, ip):
    monkeypatch.setenv("GEZHI_PROXIES", proxies)
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert limits.client_ip(request) == ip
