"""Countries by ISO 3166-1 alpha-2 code, with the codes that the standard leaves to users.

Source: ISO 3166-1 officially assigned codes; AA, QM-QZ, XA-XZ and ZZ are user-assigned. `countries.csv` has their
other codes (UN trade statistics' among them) and names in everyday English.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from supplysim.errors import nearest

__all__ = ["COUNTRIES", "Country", "country_name", "country_rows"]

_ASSIGNED = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COUNTRIES = frozenset(_ASSIGNED.split()) | {
    "AA",
    "ZZ",
    *(f"Q{c}" for c in _LETTERS[12:]),
    *(f"X{c}" for c in _LETTERS),
}
"""All accepted codes; ``ZZ`` is by custom the rest of the world."""


def _known(code: str) -> str:
    if code not in COUNTRIES:
        hint = nearest(code.upper(), COUNTRIES) if len(code) == 2 else "two capital letters"
        raise ValueError(f"unknown country; use ISO 3166-1 alpha-2 ({hint})")
    return code


Country = Annotated[str, AfterValidator(_known)]
"""An ISO 3166-1 alpha-2 country code, e.g. ``"JP"``."""


@cache
def country_rows() -> tuple[dict[str, str], ...]:
    """The table of countries: code, iso3, numeric and name; a country with several numbers has several rows.

    >>> country_rows()[0]["name"]
    'Andorra'
    """
    path = Path(__file__).parent / "countries.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def _names() -> dict[str, str]:
    return {row["code"]: row["name"] for row in country_rows()} | {"ZZ": "rest of the world"}


def country_name(code: str) -> str:
    """A country's name in everyday English; the code itself where it means no country.

    >>> country_name("DE"), country_name("ZZ"), country_name("EU")
    ('Germany', 'rest of the world', 'EU')
    """
    return _names().get(code, code)
