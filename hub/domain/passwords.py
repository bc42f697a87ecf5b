"""Passwords: which ones are refused because everybody tries them first."""

from __future__ import annotations

import re
from typing import Final

from hub.contract.signals import Fault
from hub.domain.errors import Invalid

# The stems of the passwords that lists of leaked ones begin with. A stem stands for all that people make of
# it: capitals, a year or marks around it, 0 for o. What is shorter than a password may be matters only so.
COMMON: Final = """
    password passwort passw0rd motdepasse contrasena senha parola haslo wachtwoord letmein letmeinnow
    welcome willkommen bienvenue bienvenido hello helloworld hola bonjour changeme changethis changemenow
    default secret topsecret mysecret test testing tester testtest testpassword temp temporary guest demo
    admin administrator administrador root rootroot toor superuser user username usuario login master
    operator oncall responder incident incidenthub pager pagerduty alertmanager monitoring devops
    qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc
    qweasd qweasdzxc abcdef abcdefg abcdefgh abcdefghij abc iloveyou iloveu loveyou mylove lovelove
    sunshine princess dragon monkey football baseball basketball soccer hockey superman batman spiderman
    pokemon starwars naruto michael jennifer jessica ashley charlie daniel thomas jordan hunter ranger
    buster killer shadow cookie pepper ginger cheese banana chocolate butterfly flower computer internet
    samsung google facebook instagram linkedin whatever trustno trustnoone nothing freedom blessed jesus
    liverpool chelsea arsenal barcelona realmadrid manchester mustang ferrari mercedes corvette porsche
    spring summer autumn winter january february march april june july august september october november
    december monday tuesday wednesday thursday friday saturday sunday company corporate office business
    mypassword yourpassword newpassword oldpassword thepassword passwordpassword userpassword adminadmin
    adminpassword rootpassword qwertyqwerty q1w2e3r4t5 q1w2e3r4t5y6 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc
    zaq12wsx zaq1zaq1 a1b2c3d4e5 a1b2c3d4e5f6 correcthorsebatterystaple
    12345678910 123456789123 1029384756 0192837465 1357924680 1470258369 1472583690 9638527410
"""
STEMS: Final = frozenset(COMMON.split())
RUNS: Final = (
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)
LEET: Final = str.maketrans("013457@$!", "oieastasi")
UNIT_MAX: Final = 6  # what is only repeated: aaaaaaaaaa, 1212121212, foobarfoobar


def require_strong(password: str, pointer: str, email: str = "") -> None:
    """Raise Invalid where a new password is a common one, or one's own address.

    Its length is the body's matter (NIST SP 800-63B, section 3.1.1.2: length and a list of known ones,
    no rules about kinds of characters). Linear in the password.
    """
    plain = password.casefold()
    own = {email.casefold(), email.casefold().partition("@")[0]} - {""}
    if _is_common(plain) or plain in own or _stem(plain) in own:
        detail = "This password is one of those that are tried first; choose a less common one."
        raise Invalid([Fault(pointer=pointer, code="too_common", detail=detail)])


def _is_common(plain: str) -> bool:
    stem = _stem(plain)
    front = plain[: plain.rfind(stem) + len(stem)]  # a mark before may be a letter's: @dmin
    return bool(
        {plain, stem, stem.translate(LEET), front.translate(LEET)} & STEMS
        or any(plain in run for run in RUNS)
        or any(_repeats(plain, unit) for unit in range(1, UNIT_MAX + 1))
    )


def _stem(plain: str) -> str:
    """From the first letter to the last: without digits, spaces and marks before and after."""
    found = re.search(r"[^\W\d_](?:.*[^\W\d_])?", plain, re.DOTALL)
    return found[0] if found else ""


def _repeats(plain: str, unit: int) -> bool:
    return plain == (plain[:unit] * (len(plain) // unit + 1))[: len(plain)]
