"""Keys that sign notes and lie elsewhere 外接签名: in a cipher machine 密码机, a token, or a program that holds the key (国密 SM2).

    [sm2]
    command = ["/usr/bin/openssl", "dgst", "-sm3", "-sign", "/run/secrets/sm2.pem", "-sigopt", "distid:1234567812345678"]
    public = "09f9df31…"          x and y, 64 bytes in hex

The command gets the text on its standard input and answers with the signature in DER (GB/T 35276, 7.3), as `openssl dgst` and the
clients of cipher machines do. A signature is checked before it is taken: one that doesn't hold would spoil its note for good.
"""

import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from services.chassis import sm2
from services.chassis.errors import Refused
from services.chassis.notes import Key, SigningFailed

SM2_SM3: Final = b"\xffbaoxue sm2-sm3 v1\n"
"""The signature type: C2SP signed-note gives SM2 no byte of its own, so it is 0xff and a name, as it asks for."""
WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class CommandKey:
    """An SM2 key that a command signs with."""

    command: tuple[str, ...]
    public: bytes

    @property
    def material(self) -> bytes:
        """The signature type and the public key."""
        return SM2_SM3 + self.public

    def sign(self, message: bytes) -> bytes:
        """r and s of 32 bytes each; raises `SigningFailed` where the command fails, takes too long, or signs with another key."""
        try:
            done = subprocess.run(self.command, input=message, capture_output=True, timeout=WAIT_S, check=True)  # noqa: S603  # the operator's own
            r, s = decode_dss_signature(done.stdout)
            signature = r.to_bytes(32) + s.to_bytes(32)
        except (OSError, subprocess.SubprocessError, ValueError, OverflowError) as error:
            message_of = f"the command that signs with SM2 gave no signature: {type(error).__name__}"
            raise SigningFailed(message_of) from None
        if not sm2.holds(self.public, message, signature):
            raise SigningFailed("the command that signs with SM2 does so with another key than the one that is set")
        return signature


def read_signer(path: Path | None) -> tuple[Key, ...]:
    """The keys that sign beside the installation's own, none where no file is named; raises `Refused` where it can't be read."""
    if path is None:
        return ()
    try:
        told = tomllib.loads(path.read_text())["sm2"]
        command, public = _command(told["command"]), bytes.fromhex(told["public"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError):
        raise Refused(
            f"The signer {path.name} can't be read; it has [sm2] with a command, a list that begins with a whole path, and the public key in hex."
        ) from None
    if sm2.point_of(public) is None:
        raise Refused(f"The public key in {path.name} is none of SM2: x and y, 64 bytes in hex.")
    return (CommandKey(command, public),)


def _command(told: Sequence[object]) -> tuple[str, ...]:
    command = tuple(word for word in told if isinstance(word, str))
    if isinstance(told, str) or not command or len(command) != len(told) or not Path(command[0]).is_absolute():
        raise ValueError(told)
    return command
