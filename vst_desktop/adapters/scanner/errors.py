"""Failures of getting a scanner that may pass."""

from __future__ import annotations

from vst_desktop.domain.errors import UserError


class NotNow(UserError):
    """The scanner cannot be had now; it may be had later."""
