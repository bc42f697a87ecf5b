"""Passwords: to change one's own."""

from __future__ import annotations

import asyncio

from hub.contract.sessions import ChangePassword
from hub.domain.errors import RateLimited
from hub.door.request import Request
from hub.door.says import says
from hub.handlers.sessions import Started, answer_signed_in
from hub.services import own_password


class OwnPassword(Request):
    """`/api/v1/me/password`"""

    @says(Started, takes=ChangePassword, may=(RateLimited,))
    async def put(self) -> None:
        """Change it. Tries are counted like sign-ins; a session that was stolen guesses no faster."""
        asked, tries, person = self.read(ChangePassword), self.desk.sign_ins, self.grant.actor.id
        tries.admit(person, self.context.address, asyncio.get_running_loop().time())
        signed = await own_password.change_password(self.desk.ports, self.grant, asked, self.context)
        tries.succeeded(person, self.context.address)
        answer_signed_in(self, signed, 200)
