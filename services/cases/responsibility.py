"""The commands of responsibility 包保责任 (N7.2, N7.3): who answers for a child, by post or by name, from when, with which deputy."""

from datetime import date
from uuid import UUID

from services.cases.application import Cases
from services.cases.domain.assignment import Assignment, id_of_assignment
from services.cases.domain.deputy import Deputy
from services.cases.domain.ladder import OPEN
from services.cases.domain.post import Post
from services.chassis.application import Answer


class Responsibility:
    """Everything that can be asked of who answers for whom."""

    def __init__(self, *, cases: Cases) -> None:
        self._cases = cases

    # Child by child

    def assign_responsibility(self, *, child_id: UUID, role: str, officer: str, from_on: date) -> Answer:
        """Makes an official, by account, answer for a child in a role 明确责任人; answers the assignment's id."""
        earlier = self._latest(child_id, role=role)
        return self._cases.record(
            Assignment.assign(child_id=child_id, earlier=earlier, role=role, officer=officer, from_on=from_on)
        )

    def end_responsibility(self, *, assignment_id: UUID, until_on: date, successor: str = "") -> Answer:
        """Ends an official's responsibility; the successor answers from the day after 责任交接."""
        assignment = self._cases.get(Assignment, assignment_id)
        latest = self._cases.find_latest_case(assignment.child_id)
        looked_for = latest is not None and latest.state in OPEN
        following = assignment.end(until_on=until_on, successor=successor, looked_for=looked_for)
        return self._cases.record(assignment, *following)

    def deputise_responsibility(self, *, assignment_id: UUID, deputy: str, from_on: date, until_on: date) -> Answer:
        """Lets somebody stand in for the official who answers for a child 代理."""
        assignment = self._cases.get(Assignment, assignment_id)
        assignment.deputise(deputy=Deputy(officer=deputy, from_on=from_on, until_on=until_on))
        return self._cases.record(assignment)

    # By place

    def fill_post(self, *, unit: str, role: str, officer: str, from_on: date, township: str = "") -> Answer:
        """Makes an official answer in a role for every child of a place 定岗; the same official again is the post as it is."""
        known = self._cases.find(Post, Post.id_of(unit=unit, role=role))
        if known is not None:
            known.must_be_held_by(officer)
            return self._cases.record(answer=known.id)
        post = Post.fill(unit=unit, role=role, officer=officer, from_on=from_on, township=township)
        return self._cases.record(post)

    def hand_over_post(self, *, post_id: UUID, successor: str, from_on: date) -> Answer:
        """Gives a post to somebody else from a day on 交接."""
        post = self._cases.get(Post, post_id)
        post.hand_over(successor=successor, from_on=from_on)
        return self._cases.record(post)

    def deputise_post(self, *, post_id: UUID, deputy: str, from_on: date, until_on: date) -> Answer:
        """Lets somebody stand in for the holder of a post 代理."""
        post = self._cases.get(Post, post_id)
        post.deputise(deputy=Deputy(officer=deputy, from_on=from_on, until_on=until_on))
        return self._cases.record(post)

    def _latest(self, child_id: UUID, *, role: str) -> Assignment | None:
        latest, n = None, 1
        while (found := self._cases.find(Assignment, id_of_assignment(child_id, role=role, number=n))) is not None:
            latest, n = found, n + 1
        return latest
