"""Why children are out of school and what can be done about each cause 辍学原因与化解路径: a list for whoever handles a case."""

import tomllib
from importlib.resources import files
from typing import Final

import msgspec
import strawberry


class _Told(msgspec.Struct, frozen=True):
    name: str
    remedies: tuple[str, ...]


@strawberry.type(description="辍学原因 A cause of dropping out, and the ways that are open.")
class Cause:
    """A cause and its remedies."""

    code: str = strawberry.field(description="代码 the code that confirm_case takes")
    name: str = strawberry.field(description="名称 name")
    remedies: list[str] = strawberry.field(
        description="化解路径 what can be done; after each the command, or the department and purpose of a referral"
    )


_CAUSES: Final = msgspec.convert(
    tomllib.loads(files("gateway.schema").joinpath("causes.toml").read_text(encoding="utf-8")), dict[str, _Told]
)


def causes() -> list[Cause]:
    """All causes, in the order of the list."""
    return [Cause(code=code, name=told.name, remedies=list(told.remedies)) for code, told in _CAUSES.items()]
