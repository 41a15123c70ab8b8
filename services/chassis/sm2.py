"""SM2 signatures 国密签名 checked (GB/T 32918.2, parameters of GB/T 32918.5, hash SM3): of public numbers only, so it may take its time.

Signing is not here on purpose: it handles a secret, and that is the business of a device or a program made for it (`signing.py`).
"""

from typing import Final

from cryptography.hazmat.primitives.hashes import SM3, Hash

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
IDENTITY: Final = b"1234567812345678"
"""Who signs, where nothing else is agreed (GB/T 35276, 10)."""
PUBLIC_BYTES: Final = 64

Point = tuple[int, int] | None
"""A point of the curve; None is the one at infinity."""


def point_of(public: bytes) -> Point:
    """The point of a public key, x and y of 32 bytes each; None where it is none of the curve."""
    x, y = int.from_bytes(public[:32]), int.from_bytes(public[32:])
    is_one = len(public) == PUBLIC_BYTES and x < P and y < P and (y * y - x * x * x - A * x - B) % P == 0
    return (x, y) if is_one else None


def holds(public: bytes, message: bytes, signature: bytes, *, identity: bytes = IDENTITY) -> bool:
    """Whether a signature, r and s of 32 bytes each, holds (GB/T 32918.2, 7.1)."""
    key = point_of(public)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    t = (r + s) % ORDER
    if key is None or len(signature) != PUBLIC_BYTES or not (0 < r < ORDER and 0 < s < ORDER) or t == 0:
        return False
    point = _add(_times(s, G), _times(t, key))
    e = int.from_bytes(_digest(_who(public, identity) + message))
    return point is not None and (e + point[0]) % ORDER == r


def _who(public: bytes, identity: bytes) -> bytes:
    """The hash of who signs and of the curve, which comes before the message (5.5)."""
    numbers = b"".join(number.to_bytes(32) for number in (A, B, *G))
    return _digest((len(identity) * 8).to_bytes(2) + identity + numbers + public)


def _digest(data: bytes) -> bytes:
    digest = Hash(SM3())
    digest.update(data)
    return digest.finalize()


def _add(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2:
        if (y1 + y2) % P == 0:
            return None
        slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def _times(factor: int, point: Point) -> Point:
    found: Point = None
    while factor:
        if factor & 1:
            found = _add(found, point)
        point = _add(point, point)
        factor >>= 1
    return found
