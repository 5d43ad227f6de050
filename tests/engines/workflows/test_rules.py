"""Pure rules: codes, ids, the clock bar, headlines."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.workflows import rules

T0 = datetime(2026, 11, 18, 2, tzinfo=UTC)
codes = st.builds(rules.new_code)


@given(codes)
def test_a_code_is_read_however_it_is_typed(code):
    assert rules.tidy_code(code) == code
    assert rules.tidy_code(f" {rules.show_code(code).lower()} ") == code
    assert rules.tidy_code("".join(chr(ord(c) + 0xFEE0) for c in code)) == code


@given(codes, st.integers(0, 9), st.sampled_from(rules.ALPHABET))
def test_any_single_wrong_character_is_found(code, place, other):
    wrong = code[:place] + other + code[place + 1 :]
    assert rules.tidy_code(wrong) == (code if wrong == code else None)


@given(codes, st.integers(0, 8))
def test_any_swap_of_neighbours_is_found(code, place):
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code and place < 8:
        assert rules.tidy_code(swapped) is None


@given(st.text(max_size=30))
def test_any_text_is_a_code_or_none(text):
    tidy = rules.tidy_code(text)
    assert tidy is None or (len(tidy) == 10 and set(tidy) <= set(rules.ALPHABET))


@given(st.integers(1, 6 * 10**12), st.integers(1, 10**9))
def test_ids_follow_time_and_fit_64_bits(since, later):
    one = rules.EPOCH + timedelta(milliseconds=since)
    two = one + timedelta(milliseconds=later)
    assert rules.first_id(one) <= rules.new_id(one) < rules.first_id(two) <= rules.new_id(two) < 2**63


def test_one_process_gives_no_id_twice_in_a_standing_millisecond():
    given_out = [rules.new_id(T0) for _ in range(50_000)]
    assert len(set(given_out)) == 50_000
    assert {rules.first_id(T0)} == {number >> 20 << 20 for number in given_out}


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=6),
    st.integers(1, 12000),
    st.booleans(),
    st.integers(0, 3000),
)
def test_the_bar_is_full_and_cut_at_the_promise(lengths, promise, closed, since):
    spells, at = [], T0
    for n, minutes in enumerate(lengths):
        end = at + timedelta(minutes=minutes)
        spells.append(rules.Spell(n, "s", at, end, running=n == len(lengths) - 1 and not closed))
        at = end
    due = T0 + timedelta(minutes=promise)
    bar = rules.clock_bar(
        spells, opened_at=T0, due_at=due, warn_at=None, now=at + timedelta(minutes=since if closed else 0),
        closed_at=at if closed else None,
    )  # fmt: skip
    assert (
        abs(sum(s.share for s in bar.segments) - (1.0 if not (closed and due > at) else (at - T0) / (due - T0))) < 1e-9
    )
    before = sum(s.share for s in bar.segments if s.hue != "overdue")
    assert before <= bar.tick + 1e-9
    assert any(s.hue == "overdue" for s in bar.segments) == (at > due)


def test_a_headline_ends_where_a_sentence_ends():
    assert rules.headline("三楼的灯坏了一周。我妈差点摔着。") == "三楼的灯坏了一周"
    assert rules.headline("迎秀路和韩愈大街路口公交站牌往东十来步的地方，井盖缺了一块，黑洞洞的") == (
        "迎秀路和韩愈大街路口公交站牌往东十来步的地方"
    )
    assert len(rules.headline("长" * 99)) == 28


def test_sampling_is_even_and_fixed():
    draws = [rules.draw(n, 1) for n in range(5000)]
    assert draws == [rules.draw(n, 1) for n in range(5000)]
    assert 850 < sum(d < 20 for d in draws) < 1150
