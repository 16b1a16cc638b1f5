"""Servers as people have them: each reply by its name, with what is right to make of it."""

from __future__ import annotations

from support.misbehaving.case import Case as Case
from support.misbehaving.case import Right as Right
from support.misbehaving.server import Misbehaving as Misbehaving
from support.misbehaving.told import CASES as _TOLD
from support.misbehaving.torn import CASES as _TORN
from support.misbehaving.worded import CASES as _WORDED
from support.misbehaving.worded import ERRORS

BELOW: dict[str, Case] = {**_TORN, **_TOLD, **ERRORS}
"""Those of statuses, lines and errors, which every endpoint tells in the same words."""

CASES: dict[str, Case] = {**_WORDED, **_TORN, **_TOLD}
"""All of them: bodies, lines and sizes, statuses and figures."""
