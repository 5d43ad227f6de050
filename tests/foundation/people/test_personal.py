import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.people import personal


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("13800138000", "13800138000"),
        (" 138 0013 8000 ", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("0086-13800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("013800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("0391-8234567", "0391-8234567"),
        ("(0391)8234567", "0391-8234567"),
        ("（0391） 823 4567", "0391-8234567"),
        ("+86 391 8234567", "0391-8234567"),
        ("010 62345678", "010-62345678"),
        ("0391-8234567-12", "0391-8234567-12"),
        ("0391 8234567 转 12", "0391-8234567-12"),
        ("400-123-4567", "4001234567"),
        ("12345", "12345"),
        ("95598", "95598"),
    ],
)
def test_one_phone_has_one_spelling(written, phone):
    assert personal.normalise_phone(written) == phone
    assert personal.normalise_phone(phone) == phone


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1380013800",
        "138001380001",
        "12800138000",
        "8234567",
        "0391-123",
        "无",
        "1380013800x",
        "13800138000;--",
        "٣" * 11,
    ],
)
def test_what_is_no_phone_is_refused(text):
    with pytest.raises(ValueError):
        personal.normalise_phone(text)


@given(st.text(max_size=40))
def test_normalising_never_fails_otherwise_and_settles(text):
    for normalise in (personal.normalise_phone, personal.normalise_identity):
        try:
            once = normalise(text)
        except ValueError:
            continue
        assert normalise(once) == once
    assert personal.normalise_name(personal.normalise_name(text)) == personal.normalise_name(text)


# Made-up numbers: areas and birthdays that exist, check digits worked out by hand.
@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("440524188001010014", "440524188001010014"),
        (" 440524 18800101 0014 ", "440524188001010014"),
        ("110105491231002", "11010519491231002X"),
    ],
)
def test_identity_numbers_of_the_standard(written, number):
    assert personal.normalise_identity(written) == number


@pytest.mark.parametrize(
    "text", ["110105194912310021", "11010519491331002X", "11010519490230002X", "1101051949123100", "", "X" * 18]
)
def test_wrong_identity_numbers(text):
    with pytest.raises(ValueError):
        personal.normalise_identity(text)


@given(st.integers(0, 16), st.integers(0, 9))
def test_any_single_wrong_digit_of_an_identity_number_is_seen(position, digit):
    number = "11010519491231002X"
    if number[position] == str(digit):
        return
    with pytest.raises(ValueError):
        personal.normalise_identity(number[:position] + str(digit) + number[position + 1 :])


@pytest.mark.parametrize("reads", [personal.normalise_phone, personal.normalise_identity, personal.normalise_name])
@given(
    text=st.text(" 01389１３X×x-‐柳杨○·•々", max_size=20)
    | st.sampled_from(["13800138000", "11010519491231002X", "柳明"])
)
def test_what_is_spelled_right_already_is_read_as_anything_else(reads, text):
    def said():
        try:
            return reads(text)
        except ValueError:
            return ValueError

    at_once, never = said(), re.compile(r"(?!)")
    with pytest.MonkeyPatch.context() as patch:
        for short_way in ("_CLEAN_MOBILE", "_CLEAN_IDENTITY", "_CLEAN_NAME"):
            patch.setattr(personal, short_way, never)
        assert said() == at_once


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("秦明月", "秦○"),
        ("秦明", "秦○"),
        ("欧阳澄", "欧阳○"),
        ("欧阳", "欧○"),
        ("司马 相如", "司马○"),
        ("阿依古丽·买买提", "阿○"),
        ("Sam Brook", "S○"),
        ("", ""),
    ],
)
def test_a_masked_name_shows_the_surname_and_not_the_length(name, shown):
    assert personal.mask_name(name) == shown


@given(st.text(min_size=1, max_size=30))
def test_no_masked_name_gives_the_name_away(name):
    shown = personal.mask_name(name)
    assert len(shown) <= 3
    assert shown == "" or shown.endswith("○")


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+86 138 0013 8000", "138****8000"),
        ("0391-8234567", "0391-****567"),
        ("010-62345678-9", "010-*****678"),
        ("12345", "12345"),
        ("call me", "****"),
    ],
)
def test_masked_phones(phone, shown):
    assert personal.mask_phone(phone) == shown


def test_a_masked_identity_number_hides_the_birthday():
    assert personal.mask_identity("11010519491231002X") == "1101************2X"
    assert personal.mask_identity("secret") == "****"
