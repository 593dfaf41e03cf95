"""The sellers of the simulated Amazon, and where each of them signs in. Pure; no state.

An authorization belongs to a seller account: North America and Europe have unified ones, each Far East
country has its own, and India and the Gulf are usually separate (amazon.md section 9).
"""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata
from dataclasses import dataclass

from sp_connect.amazon import geography


@dataclass(frozen=True, slots=True)
class Account:
    """One seller account of a company: what one Selling Partner ID stands for."""

    selling_partner_id: str
    company: str
    slug: str
    region: str
    countries: tuple[str, ...]

    def signs_in_at(self, host: str) -> bool:
        """Whether `host` is the Seller Central of a country in which this account sells."""
        return any(geography.COUNTRIES[code].host == host for code in self.countries)


@dataclass(frozen=True, slots=True)
class Place:
    """The region or country of a Seller Central host. `name` is what people call it."""

    region: str
    country: str | None
    name: str


_EUROPE = ("DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "GB")


def _company(name: str, slug: str, *accounts: tuple[str, str, tuple[str, ...]]) -> tuple[Account, ...]:
    return tuple(Account(spid, name, slug, region, countries) for spid, region, countries in accounts)


COMPANIES = (
    _company(
        "Acme GmbH",
        "acme",
        ("A1ACMEUSA0001", "na", ("US", "CA", "MX")),
        ("A2EXAMPLE1234", "eu", (*_EUROPE, "IN")),
        ("A1ACMEUAE0006", "eu", ("AE",)),
        ("A3NIPPON56789", "fe", ("JP",)),
        ("A1ACMEAUS0004", "fe", ("AU",)),
        ("A1ACMESGP0005", "fe", ("SG",)),
    ),
    _company("Bravo Ltd", "bravo", ("A1BRAVO777777", "eu", ("DE", "FR", "GB"))),
    _company(
        "Charlie GmbH",
        "charlie-gmbh",
        ("A1CHARLIEUS01", "na", ("US", "CA", "MX")),
        ("A1CHARLIEEU02", "eu", _EUROPE),
        ("A1CHARLIEIN03", "eu", ("IN",)),
        ("A1CHARLIEJP04", "fe", ("JP",)),
        ("A1CHARLIEAU05", "fe", ("AU",)),
    ),
    _company("Delta Inc", "delta", ("A1DELTAUSA001", "na", ("US", "CA", "MX"))),
)
"""The companies that are always there, each as its accounts."""

BUILT_IN = tuple(account for company in COMPANIES for account in company)

_EVERYWHERE = (
    ("na", ("US", "CA", "MX", "BR")),
    ("eu", (*_EUROPE, "IE", "TR")),
    *(("eu", (code,)) for code in ("IN", "AE", "SA", "EG", "ZA")),
    *(("fe", (code,)) for code in ("JP", "AU", "SG")),
)

_LONGEST_NAME = 100


def slug(name: str) -> str:
    """A company's name as one word, in any script: "Acme GmbH" is `acme-gmbh`. May be empty."""
    folded = unicodedata.normalize("NFC", name[:_LONGEST_NAME]).casefold()
    return re.sub(r"[^\w.]+", "-", folded).strip("-")


def someone(name: str) -> tuple[Account, ...]:
    """The accounts of any company: it sells everywhere, and the same name is always the same company."""
    word = slug(name)
    company = name[:_LONGEST_NAME].strip()
    if company == word:
        company = " ".join(part.capitalize() for part in re.split(r"[-_.]+", word))
    return tuple(
        Account(_selling_partner_id(f"{word}/{countries[0]}"), company, word, region, countries)
        for region, countries in _EVERYWHERE
    )


def of_company(name: str) -> tuple[Account, ...]:
    """The accounts of the company that a person named, by slug or in full; any other name is someone's."""
    word = slug(name)
    for company in COMPANIES:
        if word in {company[0].slug, slug(company[0].company)}:
            return company
    return someone(name) if word else ()


def at(host: str) -> tuple[Account, ...]:
    """The built-in accounts that sign in at a Seller Central host."""
    return tuple(account for account in BUILT_IN if account.signs_in_at(host))


def place(host: str) -> Place:
    """The region or country of a Seller Central host (amazon.md section 1.4). Raises KeyError for any other host."""
    for region in geography.REGIONS.values():
        if region.host == host:
            return Place(region.code, None, region.name)
    hosts = {country.host: country for country in geography.COUNTRIES.values()}
    return Place(hosts[host].region, hosts[host].code, hosts[host].name)


def _selling_partner_id(seed: str) -> str:
    """`A` and 12 or 13 letters and digits, as Amazon's merchant tokens look."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    alphabet = string.ascii_uppercase + string.digits
    characters = []
    for _ in range(12 + number % 2):
        number, index = divmod(number, len(alphabet))
        characters.append(alphabet[index])
    return "A" + "".join(characters)
