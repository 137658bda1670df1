"""Kinds of personal data: the form that a text or a number has, and its check digit where it has one.

Forms: RFC 5322 (addresses, the common part), ITU-T E.164 (telephones), ISO 13616 (IBAN), ISO/IEC 7812
(cards), and the public rules of each national number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from comporta.checks.personal_data import codes
from comporta.records import Code


class Kind(NamedTuple):
    """name: what people read. form: a regular expression, without look-around: polars reads it too.
    holds: the check of one match. sure: one match is enough; else most of what has the form must pass the
    check: chance passes a tenth."""

    name: Code
    form: str
    holds: Callable[[str], bool]
    sure: bool


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def luhn(text: str) -> bool:
    """Cards: ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits(text))):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def card(text: str) -> bool:
    number = digits(text)
    known = re.match(r"4|5[1-5]|2[2-7]|3[47]|6(?:011|5)|35|62", number)
    return 13 <= len(number) <= 19 and known is not None and len(set(number)) > 1 and luhn(number)


def iban(text: str) -> bool:
    """ISO 13616: rearranged, letters as numbers, 1 modulo 97."""
    plain = re.sub(r"\s", "", text).upper()
    if plain[:2] not in IBAN or len(plain) != IBAN[plain[:2]]:
        return False
    return int("".join(str(int(each, 36)) for each in plain[4:] + plain[:4])) % 97 == 1


def telephone(text: str) -> bool:
    return 8 <= len(digits(text)) <= 15


def social_security(text: str) -> bool:
    """United States: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def nif(text: str) -> bool:
    """Portugal: weights 9 to 2, modulo 11."""
    total = sum(int(digit) * weight for digit, weight in zip(text, range(9, 1, -1), strict=False))
    return text[0] in "1235689" and int(text[8]) == (11 - total % 11) % 11 % 10


def bsn(text: str) -> bool:
    """Netherlands: the test of eleven."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return len(set(text)) > 1 and sum(int(d) * w for d, w in zip(text, weights, strict=True)) % 11 == 0


def dni(text: str) -> bool:
    """Spain: the letter is the number modulo 23; foreigners' X, Y, Z are 0, 1, 2."""
    number = text[:-1].upper().replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1].upper()


def nir(text: str) -> bool:
    """France: 97 less the number modulo 97; Corsica's 2A and 2B are 19 and 18."""
    plain = re.sub(r"\s", "", text).upper().replace("2A", "19").replace("2B", "18")
    return plain.isdigit() and 97 - int(plain[:13]) % 97 == int(plain[13:])


def tax_id(text: str) -> bool:
    """Germany: ISO 7064, modulo 11, 10; one digit of the first ten comes twice or three times."""
    often = sorted(text.count(each, 0, 10) for each in set(text[:10]))
    if text[0] == "0" or often[-1] not in (2, 3) or sum(each > 1 for each in often) != 1:
        return False
    product = 10
    for digit in text[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(text[10])


def cpf(text: str) -> bool:
    """Brazil: two digits, weights from 10 and from 11, modulo 11."""
    number = digits(text)
    if len(set(number)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(digit) * (length + 1 - place) for place, digit in enumerate(number[:length]))
        if int(number[length]) != total * 10 % 11 % 10:
            return False
    return True


def fiscal_code(text: str) -> bool:
    """Italy: odd places by a table, even ones by value, modulo 26."""
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (*_ODD, *_ODD_LETTERS), strict=True))
    plain = text.upper()
    total = sum(
        odd[each] if place % 2 == 0 else (int(each) if each.isdigit() else ord(each) - 65)
        for place, each in enumerate(plain[:15])
    )
    return chr(65 + total % 26) == plain[15]


def always(text: str) -> bool:
    return True


_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_ODD_LETTERS = (*_ODD, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_LENGTHS = (
    "NO15 BE16 DK18 FI18 NL18 SI19 AT20 BA20 EE20 LT20 LU20 CH21 HR21 LI21 LV21 BG22 DE22 GB22 IE22 "
    "RS22 GE22 BH22 ME22 AE23 GI23 IL23 AD24 CZ24 ES24 SE24 RO24 SA24 SK24 TN24 PK24 MD24 PT25 FR27 "
    "GR27 IT27 IS26 TR26 MC27 SM27 MR27 AL28 AZ28 CY28 DO28 GT28 HU28 LB28 PL28 BR29 PS29 QA29 UA29 "
    "JO30 KW30 MU30 MT31 XK20 KZ20 MK19 CR22 FO18 GL18 EG29 IQ23 BY28 "
    "BI27 DJ27 FK18 HN28 LC32 LY25 MN20 NI28 OM23 RU33 SC31 SD18 SO23 ST25 SV28 TL23 VA22 VG24 YE30"
)
IBAN = {each[:2]: int(each[2:]) for each in _LENGTHS.split()}
"""Country → characters of its account numbers."""

_MAIL = r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{2,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,10}"
_IBAN = r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"
_PHONE = r"\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,4}\)?){2,6}"
_FISCAL = r"\b[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]\b"
_NIR = r"\b[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}\b"

KINDS = (
    Kind(codes.EMAIL, _MAIL, always, True),
    Kind(codes.IBANS, _IBAN, iban, True),
    Kind(codes.TELEPHONE, _PHONE, telephone, True),
    Kind(codes.SOCIAL_SECURITY_US, r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", social_security, True),
    Kind(codes.FISCAL_CODE_IT, _FISCAL, fiscal_code, True),
    Kind(codes.CPF_BR, r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b", cpf, True),
    Kind(codes.CARD, r"\b(?:[0-9][ -]?){12,18}[0-9]\b", card, False),
    Kind(codes.DNI_NIE_ES, r"\b[XYZ0-9][0-9]{7}[A-Z]\b", dni, False),
    Kind(codes.NIR_FR, _NIR, nir, False),
    Kind(codes.NIF_PT, r"\b[0-9]{9}\b", nif, False),
    Kind(codes.BSN_NL, r"\b[0-9]{9}\b", bsn, False),
    Kind(codes.TAX_DE, r"\b[0-9]{11}\b", tax_id, False),
    Kind(codes.CPF_BR, r"\b[0-9]{11}\b", cpf, False),
)

NAMES = re.compile(
    r"(?:^|_)(?:e_?mail|phone|telephone|phone_number|msisdn|ssn|social_security|nif|nie|dni|bsn|iban|passport|"
    r"surname|first_?name|last_?name|full_?name|maiden_name|birth_?date|date_of_birth|dob|home_address|"
    r"street_address|ip_address|credit_card|card_number|tax_id|national_id|licence_plate|license_plate)(?:_|$)"
)


def named_like_it(name: str) -> bool:
    """Whether a column's name says that it holds personal data: `customer_email`, `dateOfBirth`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name).lower()
    return NAMES.search(words) is not None
