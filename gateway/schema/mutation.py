"""x"""
import strawberry

@strawberry.type
class Mutation:
    @strawberry.mutation
    async def begin_verification(self) -> bool:
        return True
