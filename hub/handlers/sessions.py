"""Sessions: sign in, sign out, who I am, and where else I am signed in."""

from __future__ import annotations

import asyncio

import msgspec

from hub.contract.requests import SignIn
from hub.contract.sessions import SessionPage
from hub.domain.errors import RateLimited, SignInFailed, Unauthenticated
from hub.door import guard
from hub.door.request import Request
from hub.door.says import says
from hub.services import own_sessions, sessions
from hub.services.sessions import PersonShown, SignedIn
from hub.storage.credentials import Credential


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """A session, to the browser that it is for; the cookie comes beside it."""

    person: PersonShown
    csrf: str


def answer_signed_in(request: Request, signed: SignedIn, status: int) -> None:
    """Give the browser a new session: its cookie, and the CSRF token that belongs to it."""
    ports = request.desk.ports
    value = sessions.seal_cookie(ports.config, signed.token)
    name, ends = guard.cookie_name(ports.config), signed.credential.expires_at
    request.set_cookie(name, value, expires=ends, **guard.COOKIE)
    csrf = sessions.csrf(ports, signed.credential.id)
    request.answer(Started(person=signed.person, csrf=csrf), status)


async def renew(request: Request, credential: Credential) -> None:
    """Give the browser another session in the place of this one, since its person may do more now; the CSRF
    token that belongs to it comes in a header. Where the session has ended meanwhile, nothing is given."""
    ports = request.desk.ports
    renewed = await sessions.renew(ports, credential, request.context)
    if renewed is None:
        return
    token, fresh = renewed
    value, name = sessions.seal_cookie(ports.config, token), guard.cookie_name(ports.config)
    request.set_cookie(name, value, expires=fresh.expires_at, **guard.COOKIE)
    request.set_header("X-CSRF-Token", sessions.csrf(ports, fresh.id))


def _take_cookie(request: Request) -> None:
    request.clear_cookie(guard.cookie_name(request.desk.ports.config), **guard.COOKIE)


class Session(Request):
    """`/api/v1/session`: the browser's own; API keys need none."""

    @says(Started, 201, takes=SignIn, may=(SignInFailed, RateLimited))
    async def post(self) -> None:
        """Sign in. A session that the browser came with ends: its id is never used again."""
        asked, ports = self.read(SignIn), self.desk.ports
        tries = self.desk.sign_ins
        tries.admit(asked.email, self.context.address, asyncio.get_running_loop().time())
        signed = await sessions.sign_in(ports, asked.email, asked.password, self.context)
        tries.succeeded(asked.email, self.context.address)
        if before := await guard.session(self):
            await sessions.sign_out(ports, before, self.context)
        answer_signed_in(self, signed, 201)

    @says(status=204)
    async def delete(self) -> None:
        """Sign out: the session and its streams end everywhere."""
        await sessions.sign_out(self.desk.ports, self.credential, self.context)
        _take_cookie(self)
        self.set_status(204)


class Me(Request):
    """`/api/v1/me`"""

    @says(sessions.Me, may=(Unauthenticated,))
    async def get(self) -> None:
        """Who presents this session or key, and where they may go."""
        credential, _ = await guard.identify(self)
        self.answer(await sessions.me(self.desk.ports, credential))


class OwnSessions(Request):
    """`/api/v1/me/sessions`"""

    @says(SessionPage)
    async def get(self) -> None:
        """A page of the browsers that one is signed in with."""
        self.answer_page(await own_sessions.page(self.desk.ports, self.grant, *self.page()))

    @says(status=204)
    async def delete(self) -> None:
        """End all sessions but this one."""
        await own_sessions.end_others(self.desk.ports, self.grant, self.context)
        self.set_status(204)


class OwnSession(Request):
    """`/api/v1/me/sessions/{session}`"""

    @says(status=204)
    async def delete(self, session: str) -> None:
        """End one session; where it is this one, that is signing out."""
        if await own_sessions.end(self.desk.ports, self.grant, session, self.context):
            _take_cookie(self)
        self.set_status(204)
