"""Administrative events of who belongs to an organization, as what, and in which team."""

from __future__ import annotations

from hub.contract.administration import Administrative


class OrganizationRenamed(Administrative, frozen=True, kw_only=True):
    """An organization has another name."""

    kind = "organization.renamed"
    about = "organization"
    name: str
    was: str
