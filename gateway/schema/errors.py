"""What an error's `extensions.code` may be 错误代码: a closed set, published with the schema."""

from enum import Enum

import strawberry


@strawberry.enum(description="What `extensions.code` of an error says 错误代码; the message beside it is for people.")
class ErrorCode(Enum):
    """What an error says, for programs."""

    UNAUTHENTICATED = strawberry.enum_value("UNAUTHENTICATED", description="未认证 show a valid token")
    BAD_REQUEST = strawberry.enum_value(
        "BAD_REQUEST", description="请求有误 mend the document or the argument; the message names it"
    )
    FORBIDDEN = strawberry.enum_value(
        "FORBIDDEN", description="无权 this department has no ground for this field or command"
    )
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="未找到 there is none, or none you may know of")
    REFUSED = strawberry.enum_value(
        "REFUSED", description="不予办理 a rule says no; the message names the rule and what is allowed"
    )
    STALE = strawberry.enum_value(
        "STALE",
        description="已被他人更新或数据过旧 somebody was quicker: read again, decide again; or what is shown is too old: after Retry-After",
    )
    UNCERTAIN = strawberry.enum_value(
        "UNCERTAIN", description="结果不明 the service gave no answer: send the same request with the same key"
    )
    THROTTLED = strawberry.enum_value("THROTTLED", description="请求过多 go on after Retry-After")
    UNAVAILABLE = strawberry.enum_value("UNAVAILABLE", description="暂不可用 try again later; nothing was shown")
    INTERNAL = strawberry.enum_value("INTERNAL", description="内部错误 a fault of ours; noted without what you sent")
