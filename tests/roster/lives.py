"""Lives of every aggregate, told by their own decisions on fixed days: what publisher and histories are checked with."""

from dataclasses import replace
from datetime import date
from functools import partial
from uuid import UUID

from services.chassis.aggregate import RecordedAggregate
from services.roster.domain.child import Child
from services.roster.domain.column_mapping import ColumnMapping
from services.roster.domain.deferral import Deferral
from services.roster.domain.delivery import Delivery
from services.roster.domain.doubt import Doubt, RowPair
from services.roster.domain.facts import Ground, Groups, Identity, Residence, RowLink, RowPlace, Schooling, Source
from services.roster.domain.field_check import FieldCheck
from services.roster.domain.field_round import FieldRound
from services.roster.domain.four_checks import FourChecks, InForce, Place
from services.roster.domain.guardian_letter import GuardianLetter, LetterRun
from services.roster.domain.home_hours import HomeHours
from services.roster.domain.near_findings import NearFindings
from services.roster.domain.placement import Placement
from services.roster.domain.register_batch import RegisterBatch
from services.roster.domain.schooling_elsewhere import SchoolingElsewhere
from services.roster.domain.term_check_in import TermCheckIn
from services.roster.domain.transfer import Transfer
from tests.roster.given import (
    BATCH,
    BUREAU,
    CHILD,
    CLERK,
    CONSTABLE,
    GROUND,
    IDENTITY,
    MONDAY,
    OTHER_CHILD,
    OTHER_SCHOOL,
    POLICE,
    SCHOOL,
    acting_on,
    days,
)

HOUSEHOLD = UUID("1b1d2f0e-7a77-4c39-b1f6-0d5a8f7b6c01")
TRANSFER = UUID("f2a4c6e8-1357-4b9d-8ace-0246813579bd")
NEWCOMER = UUID("5e1c7b42-9a60-4d83-b7f1-2c4d6e8f0a13")
ENTRY = UUID("1c9f4a10-2b7d-4e55-8f10-6a7b8c9d0e01")
OTHER_ENTRY = UUID("9d1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a02")
UNNUMBERED = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b01")
AT_REST = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b02")
DEFERRAL = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b03")
SOURCED = UUID("2e4f6a8c-0b1d-4c3e-9f5a-7b8c9d0e1f02")
GOES_ON = UUID("6a0c1d2e-3f40-4b51-8c62-7d8e9fa0b101")
MERGED = UUID("6a0c1d2e-3f40-4b51-8c62-7d8e9fa0b102")
AT_HOME = UUID("6a0c1d2e-3f40-4b51-8c62-7d8e9fa0b103")
WORDS = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b04")
DELIVERY = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b05")
GROWING_UP = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b07")
RESTRICTED = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b11")
OF_ROWS = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b06")
SCAN = UUID("3f6b1c2d-8e47-4a59-b06c-7d1e2f3a4b12")
PLACEMENT = UUID("0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
VISITED = UUID("7c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e01")
FIRST_VISIT = UUID("7c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e02")


def a_child_lost_and_found() -> list[RecordedAggregate]:
    """A child is taken in from a register, is stated anew in every way, is missed in class, and is found to be two entries."""
    with acting_on():
        batch = RegisterBatch.load(register="hukou", sha256="0f" * 32, rows=2, rejected=1)
        child = Child.register(
            child_id=CHILD,
            identity=IDENTITY,
            residence=Residence(None, "410326102", "付店村"),
            grounds=(GROUND,),
        )
        child.state_residence(Residence(HOUSEHOLD, "410326103", "小店村"))
        child.state_schooling(Schooling(SCHOOL, "小店镇中心小学", "primary", "五年级", "suspect"), valid_on=MONDAY)
        child.state_groups(Groups("脱贫户", "听力", "二级", left_behind=True, migrant=False), valid_on=MONDAY)
        child.account(state="suspect", reason="学籍在册，课堂无人", valid_on=MONDAY)
        child.raise_finding(
            kind="not_in_seat",
            reason="学籍在册，课堂无人",
            owner=f"school:{SCHOOL}",
            raised_on=MONDAY,
            grounds=(GROUND,),
        )
    later = MONDAY + days(7)
    with acting_on(later):
        child.state_identity(
            Identity("燕归来", "41032620150607059X", "2015-06-07", "female", "", ""), grounds=(GROUND,)
        )
        child.account(state="in_seat", reason="在班", valid_on=later)
        child.drop_finding(kind="not_in_seat", today=later)
        child.merge(merged_id=OTHER_CHILD, reason="同一人")
        child.unmerge(merged_id=OTHER_CHILD, reason="并非同一人")
    return [batch, child]


def a_number_of_ones_own() -> list[RecordedAggregate]:
    """A child enrols before it has a citizen number: temporarily, then formally, then under the number it was issued."""
    with acting_on():
        child = Child.register(
            child_id=NEWCOMER,
            identity=Identity("燕小乙", "", "2015-06-07", "male", "燕青", ""),
            residence=Residence(None, "410326103", "410326103005"),
            grounds=(GROUND,),
        )
        child.state_student_number("L410326201506070042", valid_on=MONDAY)
    for weeks, number in ((20, "J410326201506079316"), (40, "G410326201506070557")):
        day = MONDAY + days(7 * weeks)
        with acting_on(day):
            child.state_student_number(number, valid_on=day)
    return [child]


def an_erasure() -> list[RecordedAggregate]:
    """A child is taken in and its personal data erased for good."""
    with acting_on():
        child = Child.register(
            child_id=OTHER_CHILD,
            identity=Identity(sex="male"),
            residence=Residence(None, "410326102", "付店村"),
            grounds=(GROUND,),
        )
        child.erase(reason="guardian's request 2026-7")
    return [child]


def a_move_and_a_placement() -> list[RecordedAggregate]:
    """A pupil moves to another school; a disabled child is taught at home for a while."""
    with acting_on():
        transfer = Transfer.open(
            transfer_id=TRANSFER, child_id=OTHER_CHILD, from_school=SCHOOL, to_place="洛阳市", today=MONDAY
        )
        placement = Placement.decide(
            placement_id=PLACEMENT, child_id=CHILD, form="home_teaching", school=SCHOOL, today=MONDAY
        )
    later = MONDAY + days(30)
    with acting_on(later):
        transfer.complete(to_school=OTHER_SCHOOL, today=later)
        placement.end(reason="转入特教学校", today=later)
    return [transfer, placement]


def a_first_visit_at_home() -> list[RecordedAggregate]:
    """A child is placed at home and first visited on the third day; of its household the register says that the risk is removed."""
    monitored = Groups(
        "边缘易致贫户",
        risk="removed",
        monitored_on=MONDAY - days(400),
        risk_removed_on=MONDAY - days(3),
        relief="农村低保",
    )
    sources = tuple(
        Source(fact, register, BATCH, 1) for fact, register in (("poverty", "poverty"), ("relief", "civil_affairs"))
    )
    with acting_on():
        child = Child.register(
            child_id=VISITED,
            identity=Identity(sex="female"),
            residence=Residence(None, "410326103", "410326103005"),
            grounds=(GROUND,),
        )
        child.state_groups(monitored, valid_on=MONDAY, sources=sources)
        placement = Placement.decide(
            placement_id=FIRST_VISIT, child_id=VISITED, form="home_teaching", school=SCHOOL, today=MONDAY
        )
    with acting_on(MONDAY + days(2)):
        placement.begin_teaching(taught_on=MONDAY + days(2))
    return [child, placement]


def a_term_begins() -> list[RecordedAggregate]:
    """Three are expected, two come, one late."""
    with acting_on():
        check_in = TermCheckIn.open(
            school=SCHOOL, term="2026-2027-1", expected=(CHILD, OTHER_CHILD, HOUSEHOLD), starts_on=MONDAY
        )
        check_in.check_in(children=(CHILD,))
        check_in.check_in(children=(OTHER_CHILD,))
        check_in.close(today=MONDAY + days(8))
    return [check_in]


def two_entries_of_one_name() -> list[RecordedAggregate]:
    """Two entries are doubted, cleared up, doubted again, merged by a person's decision, and parted by another one."""
    rows = RowPair(RowPlace("hukou", BATCH, 7), RowPlace("enrolment", BATCH, 9))
    nobody, residence = Identity(sex="male"), Residence(None, "410326103", "小店村")
    with acting_on():
        one = Child.register(child_id=ENTRY, identity=nobody, residence=residence, grounds=(GROUND,))
        other = Child.register(child_id=OTHER_ENTRY, identity=nobody, residence=residence, grounds=())
        doubt = Doubt.raise_new(
            child_id=ENTRY,
            other_id=OTHER_ENTRY,
            township="410326103",
            reason="同年级同名",
            score=0.25,
            grounds=(rows,),
            today=MONDAY,
        )
    for week, decision in ((1, "same"), (2, "different")):
        day = MONDAY + days(7 * week)
        with acting_on(day):
            if decision == "same":
                doubt.withdraw(today=day)
                doubt.raise_again(township="410326103", reason="县内同名", score=0.5, grounds=(rows,), today=day)
                one.merge(merged_id=OTHER_ENTRY, reason="走访核实")
                other.go_on_as(ENTRY, today=day)
            else:
                one.unmerge(merged_id=OTHER_ENTRY, reason="系双胞胎")
                other.go_on_alone(from_id=ENTRY, today=day)
            doubt.decide(decision=decision, reason="走访核实", today=day)
    return [one, other, doubt]


def a_number_asked_for() -> list[RecordedAggregate]:
    """Public security owes a number, answers late, is sent back, answers again, and the bureau accepts it."""
    with acting_on():
        child = Child.register(
            child_id=UNNUMBERED,
            identity=Identity("燕小丙", "", "2016-03-04", "female", "燕青", ""),
            residence=Residence(None, "410326103", "410326103005"),
            grounds=(GROUND,),
        )
        child.raise_finding(
            kind="no_id_number", reason="各名册均无有效身份证号", owner=POLICE, raised_on=MONDAY, grounds=(GROUND,)
        )
    late, back, at_last = MONDAY + days(40), MONDAY + days(42), MONDAY + days(50)
    with acting_on(late, person=CONSTABLE.person, unit=CONSTABLE.unit):
        child.expire_finding(kind="no_id_number", today=late)
        child.answer_finding(
            kind="no_id_number", code="no_such_person", evidence="公户核〔2026〕12号", by=CONSTABLE, today=late
        )
    with acting_on(back):
        child.return_answer(kind="no_id_number", reason="入户见到本人", by=CLERK, today=back)
    with acting_on(at_last, person=CONSTABLE.person, unit=CONSTABLE.unit):
        child.answer_finding(
            kind="no_id_number", code="number_issued", evidence="公户核〔2026〕15号", by=CONSTABLE, today=at_last
        )
    with acting_on(at_last):
        child.accept_answer(kind="no_id_number", by=CLERK, today=at_last)
    return [child]


def a_year_of_rest() -> list[RecordedAggregate]:
    """A child's schooling is suspended on a hospital's paper, and ends before its day."""
    with acting_on():
        child = Child.register(
            child_id=AT_REST,
            identity=Identity("燕小丁", "", "2014-05-06", "male", "燕青", ""),
            residence=Residence(None, "410326103", "410326103005"),
            grounds=(GROUND,),
        )
        child.account(state="suspect", reason="名在人不在", valid_on=MONDAY)
        deferral = Deferral.approve(
            deferral_id=DEFERRAL,
            child_id=AT_REST,
            kind="suspension",
            proof="县医诊〔2026〕31号",
            from_on=MONDAY,
            until_on=MONDAY + days(300),
            today=MONDAY,
        )
        child.excuse_by(deferral.excuse(approved_by=BUREAU), today=MONDAY)
    later = MONDAY + days(60)
    with acting_on(later):
        deferral.end(reason="康复复学", today=later)
        child.end_excuse(DEFERRAL, today=later)
    return [child, deferral]


def a_term_out_of_sight() -> list[RecordedAggregate]:
    """One child is at school elsewhere, one is taught at home, and one did not report and somebody found out why."""
    with acting_on():
        elsewhere = SchoolingElsewhere.prove(
            child_id=NEWCOMER,
            term="2026-2027-1",
            place="洛阳市",
            school_name="洛阳市第一小学",
            proof="洛一小证〔2026〕8号",
            today=MONDAY,
        )
        at_home = HomeHours.begin(child_id=CHILD, school_year="2026-2027")
        at_home.count(hours=3, taught_on=MONDAY)
        check_in = TermCheckIn.open(school=OTHER_SCHOOL, term="2026-2027-1", expected=(CHILD,), starts_on=MONDAY)
        check_in.verify_absence(child_id=CHILD, reason="因病住院", today=MONDAY + days(8))
    return [elsewhere, at_home, check_in]


def two_entries_with_something_owed() -> list[RecordedAggregate]:
    """A child taught at home turns out to be entered twice; the entry that goes on owes what the other one owed, and keeps its paper."""
    nobody, residence = Identity(sex="male"), Residence(None, "410326103", "410326103005")
    with acting_on():
        one = Child.register(child_id=GOES_ON, identity=nobody, residence=residence, grounds=(GROUND,))
        other = Child.register(child_id=MERGED, identity=nobody, residence=residence, grounds=())
        other.account(state="suspect", reason="任何学籍记录中都没有", valid_on=MONDAY)
        other.raise_finding(kind="no_id_number", reason="无", owner=POLICE, raised_on=MONDAY, grounds=(GROUND,))
        placement = Placement.decide(
            placement_id=AT_HOME, child_id=MERGED, form="home_teaching", school=SCHOOL, today=MONDAY
        )
        other.place(placement.id)
        excuse = placement.excuse(approved_by=BUREAU)
        assert excuse is not None
        other.excuse_by(excuse, today=MONDAY)
    day = MONDAY + days(7)
    with acting_on(day):
        one.merge(merged_id=MERGED, reason="走访核实")
        other.go_on_as(GOES_ON, today=day)
        one.take_over(other, today=day)
    ended = MONDAY + days(30)
    with acting_on(ended):
        placement.end(reason="转入特教学校", today=ended)
        for child in (other, one):
            child.end_placement(placement.id, today=ended)
    return [one, other, placement]


def stated_with_its_sources() -> list[RecordedAggregate]:
    """A child is stated with the rows each fact was taken from, a finding is sent back late, and the registers are counted."""
    row = partial(Source, register="hukou", batch_id=BATCH, row=7)
    with acting_on():
        child = Child.register(
            child_id=SOURCED,
            identity=Identity("燕小戊", "", "2016-03-04", "female", "燕青", ""),
            residence=Residence(None, "410326102", "410326102001"),
            grounds=(GROUND,),
            sources=(row("name"), row("residence")),
            valid_on=MONDAY,
        )
        child.state_residence(
            Residence(None, "410326103", "410326103005"), sources=(row("residence"),), valid_on=MONDAY
        )
        child.state_schooling(Schooling(SCHOOL, grade="五年级"), valid_on=MONDAY, sources=(row("school"),))
        child.state_groups(Groups("脱贫户"), valid_on=MONDAY, sources=(row("poverty"),))
        child.state_student_number("L410326201603040042", valid_on=MONDAY, sources=(row("student_number"),))
        child.raise_finding(kind="no_id_number", reason="无", owner=POLICE, raised_on=MONDAY, grounds=(GROUND,))
        counts = FourChecks.begin(as_of=MONDAY)
        place = Place("410326103", "410326103005", 1, 1, 1, 0, 1, 0, 1, 1)
        counts.count(batches=(InForce("hukou", "", BATCH),), places=(place,))
    late = MONDAY + days(60)
    with acting_on(late):
        child.expire_finding(kind="no_id_number", today=late)
        child.answer_finding(kind="no_id_number", code="number_issued", evidence="公户核15号", by=CONSTABLE, today=late)
        child.return_answer(kind="no_id_number", reason="文号有误", by=CLERK, today=late)
        child.state_identity(
            Identity("燕小戊", "", "2016-03-05", "female", "燕青", ""),
            grounds=(GROUND,),
            sources=(row("birth_date"),),
            valid_on=late,
        )
    return [child, counts]


def a_school_hands_in_its_list() -> list[RecordedAggregate]:
    """A school maps its columns and hands its list in, which is taken in; one more is withdrawn, and one can't be read."""
    unit = f"school:{SCHOOL}"
    with acting_on(unit=unit):
        mapping = ColumnMapping.save(
            register="in_school", unit=unit, columns={"娃娃": "name"}, fields={"name", "grade"}, by=unit
        )
        mapping.replace({"娃娃": "name", "几年级": "grade"}, fields={"name", "grade"}, by=unit)
        taken_in, withdrawn, unread = (
            Delivery.hand_in(unit=unit, sha256=(f"{number:064x}",), attempt=1, today=MONDAY) for number in (1, 2, 3)
        )
        taken_in.preview(
            rows=2,
            rejected=1,
            children_new=1,
            children_changed=1,
            children_missed=0,
            findings_raised=1,
            findings_resolved=0,
            doubts=0,
        )
        taken_in.accept(by=unit)
        batch = RegisterBatch.load(register="in_school", sha256=f"{1:064x}", rows=2, rejected=1, part=unit)
        taken_in.commit(batches=(batch.id,), today=MONDAY)
        withdrawn.cancel(reason="送错了文件", by=unit, today=MONDAY)
        unread.refuse(reason="文件无法读取", today=MONDAY)
    return [mapping, taken_in, batch, withdrawn, unread]


def a_list_that_came_late() -> list[RecordedAggregate]:
    """A village's list stays out until the bureau hears of it."""
    with acting_on():
        check = FieldCheck.open(
            round="2026-autumn-2",
            township="410326103",
            village="410326103005",
            children=(CHILD, OTHER_CHILD),
            due_on=MONDAY + days(4),
            today=MONDAY,
        )
    for day in (MONDAY + days(5), MONDAY + days(20)):
        with acting_on(day):
            check.expire(today=day)
    return [check]


def a_child_that_grows_up() -> list[RecordedAggregate]:
    """A child becomes six, goes to school as long as it has to, and turns out to have been born a year later."""
    born = replace(IDENTITY, id_number="", birth_date="2021-03-04")
    with acting_on():
        child = Child.register(
            child_id=GROWING_UP,
            identity=born,
            residence=Residence(None, "410326103", "410326103005"),
            grounds=(GROUND,),
            valid_on=MONDAY,
        )
    for day in (date(2027, 9, 1), date(2037, 9, 1)):
        with acting_on(day):
            child.come_of_age(today=day)
    with acting_on(date(2037, 9, 14)):
        child.state_identity(replace(born, birth_date="2022-03-04"), grounds=(GROUND,))
        child.state_school_years(valid_on=date(2037, 9, 14))
    return [child]


def letters_before_a_school_year() -> list[RecordedAggregate]:
    """Two guardians get the letter of enrolment: one refuses it before a witness, the other's child has moved away."""
    with acting_on():
        run = LetterRun.open(
            kind="enrolment", school_year="2027-2028", serve_by=MONDAY + days(20), expected=2, today=MONDAY
        )
        refused, withdrawn = (
            GuardianLetter.make(
                run=run,
                child_id=child_id,
                residence=Residence(None, "410326103", "410326103005"),
                schooling=Schooling(),
                today=MONDAY,
            )
            for child_id in (CHILD, OTHER_CHILD)
        )
    later = MONDAY + days(30)
    with acting_on(later, unit="township:410326103"):
        refused.serve(
            method="refused",
            receipt="回证12",
            scan_id=SCAN,
            served_on=later,
            served_by="cadre-3",
            served_for="township:410326103",
            today=later,
        )
        withdrawn.withdraw(reason="该儿童已不在本县名册", today=later)
        run.close(today=later)
    return [run, refused, withdrawn]


def a_child_kept_and_not_worked_with() -> list[RecordedAggregate]:
    """Somebody who is long out of school is restricted on request, and years later needed by an inquiry."""
    with acting_on():
        child = Child.register(
            child_id=RESTRICTED,
            identity=replace(IDENTITY, id_number="", birth_date="2009-03-04"),
            residence=Residence(None, "410326103", "410326103005"),
            grounds=(GROUND,),
            valid_on=MONDAY,
        )
        child.state_student_number("L410326200903041234", valid_on=MONDAY)
        child.restrict(basis="县档案管理办法第九条，保存十年", until=date(2036, 8, 31), today=MONDAY)
    later = date(2030, 5, 6)
    with acting_on(later):
        child.lift_restriction(reason="监察委调查〔2030〕1号", today=later)
    return [child]


def a_mapping_given_up() -> list[RecordedAggregate]:
    """A school maps its columns, forgets them, and maps them anew."""
    unit = f"school:{OTHER_SCHOOL}"
    with acting_on(unit=unit):
        mapping = ColumnMapping.save(register="in_school", unit=unit, columns={"娃": "name"}, fields={"name"}, by=unit)
        mapping.delete(by=unit)
        mapping.replace({"学娃": "name"}, fields={"name"}, by=unit)
    return [mapping]


def what_a_school_owes_soon() -> list[RecordedAggregate]:
    """A school is told two days before the day of what it owes."""
    with acting_on():
        warned = NearFindings.warn(
            owner=f"school:{OTHER_SCHOOL}",
            township="410326103",
            kind="not_in_seat",
            due_on=date(2026, 9, 16),
            today=date(2026, 9, 14),
        )
    return [warned]


def a_round_from_door_to_door() -> list[RecordedAggregate]:
    """Two villages' lists go out and come back contradicting each other; the township is sent back once, then accepted."""
    township, name = "410326103", "2026-autumn"
    with acting_on():
        check, other = (
            FieldCheck.open(
                round=name,
                township=township,
                village=village,
                children=children,
                due_on=MONDAY + days(14),
                today=MONDAY,
            )
            for village, children in (("410326103005", (CHILD, OTHER_CHILD)), ("", (NEWCOMER,)))
        )
        standing = FieldRound.begin(round=name, township=township, lists=(check.id,))
        standing.extend((other.id,))
    with acting_on(MONDAY + days(3), unit=f"township:{township}"):
        today = MONDAY + days(3)
        check.take(
            sheet="aa" * 32,
            answers={CHILD: ("at_school_here", today), OTHER_CHILD: ("moved_away", None)},
            met=1,
            words_id=WORDS,
            today=today,
        )
        check.take(sheet="bb" * 32, answers={CHILD: ("out_of_school", today)}, met=0, words_id=None, today=today)
        check.settle(child_id=CHILD, found="out_of_school", reason="村委会当面核实", today=today)
        for version in (1, 2):
            check.lock()
            other.lock()
            standing.submit((check, other), sha256="cc" * 32, by=f"township:{township}", today=today)
            with acting_on(today):
                if version == 1:
                    standing.give_back(1, reason="村不详的一名也要摸排", by=BUREAU, today=today)
                    check.unlock()
                    other.unlock()
                else:
                    standing.accept(2, delivery_id=DELIVERY, by=BUREAU, today=today)
    return [check, other, standing]


def a_child_of_several_rows() -> list[RecordedAggregate]:
    """A child is taken in as two rows by its number, is named by a third register, and is corrected with all three."""
    rows = [RowPlace(register, BATCH, row) for register, row in (("hukou", 7), ("enrolment", 3), ("poverty", 12))]
    grounds = tuple(Ground(row.register, row.batch_id, row.row, "citizen number, name exact") for row in rows)
    by_number = RowLink(rows[0], rows[1], "citizen number, name exact", 1.0)
    weighed = RowLink(rows[0], rows[2], "name homophone, birth same, village, guardian", 0.9973)
    residence = Residence(None, "410326103", "410326103005")
    with acting_on():
        child = Child.register(
            child_id=OF_ROWS, identity=IDENTITY, residence=residence, grounds=grounds[:2], links=(by_number,)
        )
    later = MONDAY + days(7)
    with acting_on(later):
        child.state_rows(grounds, links=(by_number, weighed), valid_on=later)
        corrected = replace(IDENTITY, guardian_phone="")
        child.state_identity(corrected, grounds=grounds, valid_on=later, links=(by_number, weighed))
    return [child]


def all_lives() -> list[RecordedAggregate]:
    """Every aggregate above; together they hold every event of the service."""
    return [
        *a_child_lost_and_found(),
        *a_number_of_ones_own(),
        *an_erasure(),
        *a_move_and_a_placement(),
        *a_first_visit_at_home(),
        *a_term_begins(),
        *two_entries_of_one_name(),
        *a_number_asked_for(),
        *a_year_of_rest(),
        *a_term_out_of_sight(),
        *two_entries_with_something_owed(),
        *stated_with_its_sources(),
        *a_school_hands_in_its_list(),
        *a_mapping_given_up(),
        *a_child_that_grows_up(),
        *a_child_kept_and_not_worked_with(),
        *a_list_that_came_late(),
        *a_round_from_door_to_door(),
        *a_child_of_several_rows(),
        *letters_before_a_school_year(),
        *what_a_school_owes_soon(),
    ]
