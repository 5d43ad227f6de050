import stat
import threading

import pytest

from gezhi.foundation.errors import Conflict, Invalid, Unavailable
from gezhi.foundation.people import crypto, keys


@pytest.fixture
def ring(settings, tmp_path):
    settings.GEZHI_KEYS = tmp_path / "keys"
    return settings.GEZHI_KEYS


@pytest.mark.parametrize("cipher", ["aes-gcm", "sm4-gcm"])
def test_what_is_sealed_opens_with_the_same_aad_only(ring, settings, cipher):
    settings.GEZHI_CIPHER = cipher
    blob = crypto.seal("东关路 7 号漏水", "case:1")
    assert "漏水".encode() not in blob
    assert crypto.open(blob, "case:1") == "东关路 7 号漏水"
    assert crypto.open(memoryview(blob), b"case:1") == "东关路 7 号漏水"
    assert crypto.seal("东关路 7 号漏水", "case:1") != blob
    with pytest.raises(Conflict, match="secret.altered"):
        crypto.open(blob, "case:2")


@pytest.mark.parametrize("cipher", ["aes-gcm", "sm4-gcm"])
def test_any_changed_byte_is_seen(ring, settings, cipher):
    settings.GEZHI_CIPHER = cipher
    blob = crypto.seal("短", "x")
    for place in range(len(blob)):
        changed = bytearray(blob)
        changed[place] ^= 1
        with pytest.raises((Conflict, Unavailable)) as caught:
            crypto.open(bytes(changed), "x")
        assert caught.value.code in ("secret.altered", "secret.key_missing")
    for length in range(len(blob)):
        with pytest.raises(Conflict):
            crypto.open(blob[:length] if length > 5 else b"", "x")


def test_old_blobs_stay_readable_after_rotation_and_change_of_cipher(ring, settings):
    old = crypto.seal("旧", "x")
    keys.rotate(ring)
    assert crypto.needs_reseal(old) and crypto.open(old, "x") == "旧"
    settings.GEZHI_CIPHER = "sm4-gcm"
    new = crypto.reseal(old, "x")
    assert new[:5] != old[:5]
    assert crypto.open(new, "x") == "旧"
    assert not crypto.needs_reseal(new)
    settings.GEZHI_CIPHER = "aes-gcm"
    assert crypto.needs_reseal(new) and crypto.open(new, "x") == "旧"


def test_a_lost_key_is_named_and_its_return_needs_no_restart(ring):
    blob = crypto.seal("有", "x")
    keys.rotate(ring)
    (name,) = ring.glob("data-0001-*.key")
    away = ring.parent / name.name
    name.rename(away)
    with pytest.raises(Unavailable) as caught:
        crypto.open(blob, "x")
    assert caught.value.code == "secret.key_missing" and blob[1:5].hex() in caught.value.why
    away.rename(name)
    assert crypto.open(blob, "x") == "有"


def test_an_unknown_cipher_is_refused_by_name(ring, settings):
    settings.GEZHI_CIPHER = "rot13"
    with pytest.raises(Unavailable) as caught:
        crypto.seal("x")
    assert "rot13" in caught.value.what


def test_key_files_are_private_and_made_once_by_whoever_comes_first(ring):
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append((keys.site_secret(ring), keys.data_keys(ring)))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8 and len(set(seen)) == 1
    for path in ring.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(ring.glob(".*"))
    assert "secret" not in repr(keys.data_keys(ring)[0])


def test_a_key_others_can_read_or_that_was_changed_is_refused(ring):
    keys.site_secret(ring)
    (ring / "site.key").chmod(0o644)
    with pytest.raises(keys.KeysRefused, match="644"):
        keys.site_secret(ring)
    first = keys.data_keys(ring)[0]
    path = ring / f"data-0001-{first.id.hex()}.key"
    path.write_text("00" * 32)
    with pytest.raises(keys.KeysRefused, match=path.name):
        keys.data_keys(ring)
    path.write_text("no hex")
    with pytest.raises(keys.KeysRefused):
        keys.data_keys(ring)


def test_production_never_makes_keys_silently(ring, monkeypatch):
    monkeypatch.setenv("GEZHI_ENV", "production")
    for make in (keys.site_secret, keys.index_secret, keys.data_keys):
        with pytest.raises(keys.KeysRefused, match="GEZHI_MAKE_KEYS"):
            make(ring)
    monkeypatch.setenv("GEZHI_MAKE_KEYS", "1")
    made = keys.site_secret(ring)
    monkeypatch.delenv("GEZHI_MAKE_KEYS")
    assert keys.site_secret(ring) == made


def test_a_blind_index_is_equal_for_equal_phones_and_apart_between_kinds_and_installations(ring, settings, tmp_path):
    index = crypto.blind("phone", "+86 138-0013-8000")
    assert index == crypto.blind("phone", "１３８００１３８０００") and len(index) == 16
    assert index != crypto.blind("account", "13800138000") != crypto.blind("phone", "13800138001")
    keys.rotate(ring)
    assert crypto.blind("phone", "13800138000") == index
    settings.GEZHI_KEYS = tmp_path / "elsewhere"
    assert crypto.blind("phone", "13800138000") != index


def test_wrong_numbers_are_refused_before_they_are_indexed(ring):
    for kind, value in (("phone", "12"), ("identity", "110105194912310021")):
        with pytest.raises(Invalid) as caught:
            crypto.blind(kind, value)
        assert caught.value.code == f"{kind}.wrong"


def test_derived_keys_differ_by_purpose_and_stay(ring):
    assert crypto.derived_key("text") == crypto.derived_key("text") != crypto.derived_key("files")
    assert len(crypto.derived_key("text")) == 32
