"""Moments that somebody chose on a page, by the day."""


def end_of(day: str) -> str:
    """The last moment of a day in China, as GraphQL takes it; '' for none. What is no date is refused by the schema."""
    return f"{day}T23:59:59.999999+08:00" if day else ""
