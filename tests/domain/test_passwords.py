"""Common passwords are refused, however they are dressed up; uncommon ones are not."""

from __future__ import annotations

import pytest

from hub.domain.errors import Invalid
from hub.domain.passwords import require_strong

COMMON = [
    "password12", "Password123!", "P@$$w0rd2024", "passw0rd!!", "  welcome2023  ", "Welcome123!!",
    "@dministrator",
    "1234567890", "0987654321", "12345678910", "123123123123", "aaaaaaaaaa", "1212121212", "abcdefghij",
    "foobarfoobar",
    "qwertyuiop", "Qwertyuiop1", "asdfghjkl;1", "1q2w3e4r5t", "iloveyou22", "letmein2024", "Summer2024!",
    "!!Monday1!!",
    "IncidentHub1", "changeme!!", "correcthorsebatterystaple",
]  # fmt: skip
UNCOMMON = [
    "correct horse battery staple", "mein Hund heißt Bello", "8274650193", "kT9#vQ2!xz", "password of my cat",
    "пароль моей кошки",
    "welcome to the jungle", "aaaaaaaaab", "x" * 500 + "y" * 500, "ada@example.org is mine",
]  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_a_common_password_is_refused_at_its_field(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        require_strong(password, "/new")
    [fault] = caught.value.faults
    assert (fault.pointer, fault.code) == ("/new", "too_common")
    assert password not in fault.detail


@pytest.mark.parametrize("password", UNCOMMON)
def test_an_uncommon_password_is_taken(password: str) -> None:
    require_strong(password, "/new", "ada@example.org")


@pytest.mark.parametrize("password", ["Ada.Lovelace@example.org", "ada.lovelace", "ada.lovelace1815!"])
def test_the_own_address_is_no_password(password: str) -> None:
    require_strong(password, "/new", "bob@example.org")
    with pytest.raises(Invalid):
        require_strong(password, "/new", "ada.lovelace@example.org")
