"""Reference captures (``reference/<case>/``) and the default place of new sessions in a checkout (``sessions/``)."""

from __future__ import annotations

from captures.cases import Case, case, cases

__all__ = ["Case", "case", "cases"]
