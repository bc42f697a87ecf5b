"""Password resets: to use a link that an operator made."""

from __future__ import annotations

from hub.contract.sessions import ResetPassword
from hub.domain.errors import NotFound
from hub.door.request import Request
from hub.door.says import says
from hub.services import password_resets


class PasswordReset(Request):
    """`/api/v1/password-resets/{link}`"""

    @says(status=204, takes=ResetPassword, once=True, may=(NotFound,))
    async def post(self, link: str) -> None:
        """Set a new password, once; every session of the person ends."""
        asked, key = self.read(ResetPassword), self.idempotency_key()
        if await password_resets.use(self.desk.ports, link, asked, key, self.context):
            self.set_header("Idempotent-Replayed", "true")
        self.set_status(204)
