"""Sealed hints: what Redis may do to them is delay, never forge, move or read."""

from __future__ import annotations

from hub.contract.ids import TenantId, new
from hub.realtime.hint import Hint, Seal, channel, tenant_of
from hub.storage.log import LogEvent

OURS, THEIRS = TenantId(new()), TenantId(new())
KEY, OLD, STRANGE = b"k" * 32, b"o" * 32, b"s" * 32
EVENT = LogEvent(7, "incident.noted", new(), b'{"text":"only for us"}')
HINT = Hint(OURS, new(), 7, [EVENT])


def test_a_hint_opens_whole_for_its_tenant() -> None:
    assert Seal((KEY,)).open(OURS, Seal((KEY,)).close(HINT)) == HINT


def test_nothing_of_it_can_be_read_on_the_way() -> None:
    sealed = Seal((KEY,)).close(HINT)
    assert b"only for us" not in sealed
    assert OURS.bytes not in sealed
    assert str(OURS).encode() not in sealed


def test_it_does_not_open_on_the_channel_of_another_tenant() -> None:
    assert Seal((KEY,)).open(THEIRS, Seal((KEY,)).close(HINT)) is None


def test_a_hint_that_names_another_tenant_inside_is_refused() -> None:
    class Confused(Seal):
        def close(self, hint: Hint) -> bytes:
            return self._ciphers[0].encrypt(self._encoder.encode(hint), [THEIRS.bytes])

    assert Seal((KEY,)).open(THEIRS, Confused((KEY,)).close(HINT)) is None


def test_every_changed_bit_is_noticed() -> None:
    seal = Seal((KEY,))
    sealed = seal.close(HINT)
    for index in range(len(sealed)):
        forged = bytearray(sealed)
        forged[index] ^= 1
        assert seal.open(OURS, bytes(forged)) is None


def test_garbage_does_not_open_and_does_not_raise() -> None:
    seal = Seal((KEY,))
    for garbage in (b"", b"x", b"\x00" * 15, b"\x00" * 16, b"\xff" * 4096, seal.close(HINT)[:-1]):
        assert seal.open(OURS, garbage) is None


def test_a_key_that_is_being_replaced_still_opens_and_a_strange_one_does_not() -> None:
    assert Seal((KEY, OLD)).open(OURS, Seal((OLD, KEY)).close(HINT)) == HINT
    assert Seal((KEY, OLD)).open(OURS, Seal((STRANGE,)).close(HINT)) is None


def test_what_is_sealed_but_no_hint_does_not_open() -> None:
    seal = Seal((KEY,))
    for plain in (b"\xc0", b"\x93\x01\x02\x03", b"not msgpack at all"):
        assert seal.open(OURS, seal._ciphers[0].encrypt(plain, [OURS.bytes])) is None


def test_a_channel_names_one_tenant_and_nothing_else_does() -> None:
    assert tenant_of(channel(OURS)) == OURS
    for name in ("hub:", "hub:x", str(OURS), f"hub:{OURS.hex}", f"HUB:{OURS}", f"hub:{str(OURS).upper()}x"):
        assert tenant_of(name) is None
