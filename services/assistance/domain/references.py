"""What may stand in the clear in this service's events: references and unit words, never a description of a person.

Evidence, grounds and owners travel unsealed to every listener. Their forms are so narrow that no name, ID number or
telephone number fits into them; whatever needs words about a child goes into a sealed note.
"""

import re

from services.chassis.errors import Refused

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REFERENCE = re.compile(rf"[a-z_]+:({_UUID}|[0-9a-f]{{64}})")
_OWNER = re.compile(r"[a-z][a-z_]{0,39}:([0-9]{6}|[0-9]{9,10}|[0-9]{12})")


def reference(text: str, *, what: str) -> str:
    """The reference of a stored file or record, as `blob:<sha256>` or `referral:<uuid>`; refuses anything else."""
    if not _REFERENCE.fullmatch(text):
        raise Refused(f"Give {what} as a reference, blob:<sha256> or <kind>:<uuid>; descriptions could name a person.")
    return text


def owner(text: str, *, what: str) -> str:
    """A unit as `kind:area`: 6 digits of a county, 9 of a township, 10 of a school, 12 of a village; refuses else."""
    if not _OWNER.fullmatch(text):
        raise Refused(f"Give {what} as a unit, such as school:3141000300 or township:410326103.")
    return text
