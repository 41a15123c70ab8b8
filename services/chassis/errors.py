"""The four ways a request can fail, in words.

    ServiceError
    ├── NotFound    there is no such thing, or none the caller may know of
    ├── Refused     a rule says no; the message names the rule and what to do
    ├── Forbidden   the caller may not do this at all
    └── Stale       somebody else was quicker; read again and decide again

Domain and application raise them; `chassis.http` alone knows their status codes and `gateway.app` their GraphQL codes.
A message is shown to people as it stands, so it never holds a name or number of a person.
"""


class ServiceError(Exception):
    """A request that was understood and can't be carried out; `str(error)` is shown to the caller."""

    code = "ERROR"


class NotFound(ServiceError):
    """There is no such thing, or none the caller may know of: the two are never told apart."""

    code = "NOT_FOUND"


class Refused(ServiceError):
    """A rule says no. The message names the rule (its clause) and what would be accepted."""

    code = "REFUSED"


class Forbidden(ServiceError):
    """The caller's department or purpose has no ground for this."""

    code = "FORBIDDEN"


class Stale(ServiceError):
    """What the caller decided on has changed meanwhile; read again and decide again."""

    code = "STALE"
