"""Codes that people read out, copy from paper and type again: no two signs look alike, and the last one checks the others.

The alphabet has 31 signs, a prime number of them, so a code with any one sign wrong, or any two exchanged, does not check.
"""

import hashlib
import unicodedata
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUP: Final = 5


def code_of(seed: bytes, *, signs: int) -> str:
    """The code that follows from a seed: `signs` signs, about five bits each, and the one that checks them.

    As hard to guess as the seed is, up to the bits of its signs. At most 28 signs, so that each has a weight of its own.
    """
    number = int.from_bytes(hashlib.sha256(seed).digest())
    code = ""
    for _ in range(signs):
        number, rest = divmod(number, len(ALPHABET))
        code += ALPHABET[rest]
    return code + _check(code)


def read_code(typed: str) -> str | None:
    """The code somebody typed, in small or wide letters, with or without spaces and hyphens; None where it does not check."""
    code = "".join(
        sign for sign in unicodedata.normalize("NFKC", typed).upper() if not sign.isspace() and sign not in "-‐–—"
    )
    if len(code) < 2 or not set(code) <= set(ALPHABET) or _check(code[:-1]) != code[-1]:
        return None
    return code


def grouped(code: str) -> str:
    """The code as it is printed: five signs, a hyphen, and so on."""
    return "-".join(code[place : place + _GROUP] for place in range(0, len(code), _GROUP))


def _check(code: str) -> str:
    return ALPHABET[sum(weight * ALPHABET.index(sign) for weight, sign in enumerate(code, start=2)) % len(ALPHABET)]
