"""Password resets: to use a link that an operator made."""

from __future__ import annotations

from hub.contract.sessions import ResetPassword
from hub.domain.errors import NotFound
from hub.door.request import Request
from hub.door.says import says
from hub.services import password_resets


class PasswordReset(Request):
    """`/api/v1/password-resets/{link}`"""

    @says(status=204, takes=ResetPassword, may=(NotFound,))
    async def post(self, link: str) -> None:
        """Set a new password, once; every session of the person ends."""
        asked = self.read(ResetPassword)
        await password_resets.use(self.desk.ports, link, asked, self.context)
        self.set_status(204)
