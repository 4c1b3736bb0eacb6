"""Public holidays by country and subdivision. Apart, because the library is loaded for windows that name some only."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from holidays import country_holidays

from releasepilot.errors import CatalogError


@lru_cache(maxsize=256)
def holidays_of(code: str, first_year: int, last_year: int) -> frozenset[date]:
    """Return the public holidays of `DE` or `DE-BY` in these years, days off in their place among them."""
    country, _, subdivision = code.partition("-")
    try:
        return frozenset(
            country_holidays(country, subdiv=subdivision or None, years=range(first_year, last_year + 1), expand=False)
        )
    except NotImplementedError:
        raise CatalogError(
            f"no public holidays are known of {code!r}",
            hint="write a country by its ISO 3166 code such as DE, or a part of it such as DE-BY",
        ) from None
