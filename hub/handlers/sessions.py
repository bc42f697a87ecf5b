"""Sessions: sign in, sign out, and who I am."""

from __future__ import annotations

import asyncio

from hub.contract.requests import SignIn
from hub.door import guard
from hub.door.request import Request
from hub.services import sessions


class Session(Request):
    """`/api/v1/session`: the browser's own; API keys need none."""

    async def post(self) -> None:
        """Sign in. A session that the browser came with ends: its id is never used again."""
        asked, ports = self.read(SignIn), self.desk.ports
        tries = self.desk.sign_ins
        tries.admit(asked.email, self.context.address, asyncio.get_running_loop().time())
        signed = await sessions.sign_in(ports, asked.email, asked.password, self.context)
        tries.succeeded(asked.email, self.context.address)
        if before := await guard.session(self):
            await sessions.sign_out(ports, before, self.context)
        value = sessions.seal_cookie(ports.config, signed.token)
        name, ends = guard.cookie_name(ports.config), signed.credential.expires_at
        self.set_cookie(name, value, expires=ends, **guard.COOKIE)
        self.answer({"person": signed.person, "csrf": sessions.csrf(ports, signed.credential.id)}, 201)

    async def delete(self) -> None:
        """Sign out: the session and its streams end everywhere."""
        await sessions.sign_out(self.desk.ports, self.credential, self.context)
        self.clear_cookie(guard.cookie_name(self.desk.ports.config), **guard.COOKIE)
        self.set_status(204)


class Me(Request):
    """`/api/v1/me`"""

    async def get(self) -> None:
        """Who presents this session or key, and where they may go."""
        credential, _ = await guard.identify(self)
        self.answer(await sessions.me(self.desk.ports, credential))
