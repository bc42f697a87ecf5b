"""The different views that the streams of an organization have here: few, since each costs frames."""

from __future__ import annotations

from typing import Final

from hub.contract.ids import TenantId
from hub.domain.sight import View

MOST: Final = 64


class Classes:
    """Counts the streams of each view, and hands out equal views as one value, whose frames are shared."""

    def __init__(self) -> None:
        self._views: dict[TenantId, dict[View, tuple[View, int]]] = {}

    def enter(self, tenant: TenantId, view: View) -> View | None:
        """Count one more stream with this view; None, and nothing counted, where it would be one view too
        many."""
        views = self._views.get(tenant, {})
        if view not in views and len(views) >= MOST:
            return None
        known, count = views.get(view, (view, 0))
        self._views.setdefault(tenant, views)[view] = (known, count + 1)
        return known

    def leave(self, tenant: TenantId, view: View) -> None:
        """One stream with this view less."""
        views = self._views[tenant]
        known, count = views.pop(view)
        if count > 1:
            views[view] = (known, count - 1)
        elif not views:
            del self._views[tenant]
