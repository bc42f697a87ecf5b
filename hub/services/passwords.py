"""Passwords: argon2id, off the event loop, at most two at a time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
LENGTH_MAX = 1024


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


@cache
def _dummy() -> str:
    return HASHER.hash("a password that nobody has")


async def hash_password(password: str) -> str:
    """The encoded argon2id hash; 30 to 120 ms of a thread."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), HASHER.hash, password)


async def verify_password(encoded: str | None, password: str) -> bool:
    """Whether the password is right. Without a hash the same work is done, so that time tells nothing."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), _verify, encoded, password)


def _verify(encoded: str | None, password: str) -> bool:
    try:
        HASHER.verify(encoded or _dummy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return encoded is not None
