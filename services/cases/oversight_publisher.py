"""The events around the cases in the published language: told as they were recorded, each under the id of what it is about.

The contract uses the same words as the events, so a table of pairs is the whole translation; a test holds that every field
of each pair is there. Personal fields are sealed texts already and only pass through.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.cases.domain.admonition import Accountability, Admonition
from services.cases.domain.assignment import Assignment
from services.cases.domain.attachment import Attachment
from services.cases.domain.case import Case
from services.cases.domain.county_report import CountyReport
from services.cases.domain.data_request import DataRequest
from services.cases.domain.disclosure import Disclosure
from services.cases.domain.document import Document
from services.cases.domain.entry_cohort import EntryCohort
from services.cases.domain.inspection import Inspection
from services.cases.domain.late_reply import LateReply, NearReply
from services.cases.domain.letter import AssistanceLetter, ProcuratorateNotice
from services.cases.domain.pack import StatisticsPack
from services.cases.domain.persuasion_list import PersuasionList
from services.cases.domain.post import Post
from services.cases.domain.proceedings import Proceedings
from services.cases.domain.public_report import PublicReport
from services.cases.domain.referral import Referral
from services.cases.domain.statement import Statement
from services.cases.domain.visit import Visit, VisitPlan
from services.cases.domain.zero_report import ZeroReport
from services.contracts import data_requests as asked
from services.contracts import disclosure as made_public
from services.contracts import oversight as told
from services.contracts import proceedings as before_court
from services.contracts import statistics as counted
from services.contracts.envelope import Published
from services.contracts.near_replies import ReplyFallsDue

PAIRS: Final[Mapping[type[Any], tuple[type[Published], str]]] = {
    Visit.Made: (told.VisitRecorded, "visit_id"),
    VisitPlan.Begun: (told.VisitsPlanned, "plan_id"),
    VisitPlan.Visited: (told.PlannedVisitMade, "plan_id"),
    VisitPlan.Missed: (told.VisitMissed, "plan_id"),
    VisitPlan.Ended: (told.VisitPlanEnded, "plan_id"),
    PersuasionList.Opened: (told.PersuasionListOpened, "list_id"),
    PersuasionList.Signed: (told.PersuasionListSigned, "list_id"),
    CountyReport.Made: (told.CountyReported, "report_id"),
    Statement.Signed: (told.StatementSigned, "statement_id"),
    Inspection.Opened: (told.InspectionOpened, "inspection_id"),
    Inspection.Found: (told.InspectionFound, "inspection_id"),
    Inspection.Reported: (told.RectificationReported, "inspection_id"),
    Inspection.Checked: (told.RectificationChecked, "inspection_id"),
    Inspection.Closed: (told.InspectionClosed, "inspection_id"),
    Admonition.Issued: (told.AdmonitionIssued, "admonition_id"),
    Admonition.Answered: (told.AdmonitionAnswered, "admonition_id"),
    Accountability.Decided: (told.AccountabilityDecided, "decision_id"),
    ZeroReport.Signed: (told.ZeroReported, "report_id"),
    PublicReport.InformantNamed: (told.PublicReportInformantNamed, "report_id"),
    PublicReport.Supplemented: (told.PublicReportSupplemented, "report_id"),
    PublicReport.Handled: (told.PublicReportHandled, "report_id"),
    AssistanceLetter.Sent: (told.AssistanceLetterSent, "letter_id"),
    AssistanceLetter.Reminded: (told.AssistanceLetterReminded, "letter_id"),
    AssistanceLetter.Answered: (told.AssistanceLetterAnswered, "letter_id"),
    ProcuratorateNotice.Received: (told.ProcuratorateNoticeReceived, "notice_id"),
    ProcuratorateNotice.Answered: (told.ProcuratorateNoticeAnswered, "notice_id"),
    Attachment.Kept: (told.AttachmentKept, "attachment_id"),
    Document.ResultFound: (told.DocumentResultFound, "document_id"),
    NearReply.Warned: (ReplyFallsDue, "near_reply_id"),
    LateReply.Noted: (told.ReplyOverdue, "late_reply_id"),
    LateReply.Climbed: (told.ReplyClimbed, "late_reply_id"),
    LateReply.Settled: (told.LateReplySettled, "late_reply_id"),
    Referral.Returned: (told.ReferralReturned, "referral_id"),
    Referral.CrimeDecided: (before_court.CrimeDecided, "referral_id"),
    Assignment.Deputised: (told.ResponsibilityDeputised, "assignment_id"),
    Post.Filled: (told.PostFilled, "post_id"),
    Post.HandedOver: (told.PostHandedOver, "post_id"),
    Post.Deputised: (told.PostDeputised, "post_id"),
    AssistanceLetter.Withdrawn: (told.AssistanceLetterWithdrawn, "letter_id"),
    Case.AttendanceTaken: (told.AttendanceTaken, "case_id"),
    Disclosure.Prepared: (made_public.DisclosurePrepared, "disclosure_id"),
    Disclosure.Approved: (made_public.DisclosureApproved, "disclosure_id"),
    Disclosure.Released: (made_public.DisclosureReleased, "disclosure_id"),
    Disclosure.Withdrawn: (made_public.DisclosureWithdrawn, "disclosure_id"),
    Disclosure.Discarded: (made_public.DisclosureDiscarded, "disclosure_id"),
    Proceedings.Filed: (before_court.ProceedingsFiled, "proceedings_id"),
    Proceedings.Accepted: (before_court.FilingAccepted, "proceedings_id"),
    Proceedings.Declined: (before_court.FilingDeclined, "proceedings_id"),
    Proceedings.Heard: (before_court.HearingHeld, "proceedings_id"),
    Proceedings.Decided: (before_court.CourtDecided, "proceedings_id"),
    Proceedings.DecisionServed: (before_court.CourtDecisionServed, "proceedings_id"),
    Proceedings.Appealed: (before_court.CourtDecisionAppealed, "proceedings_id"),
    Proceedings.Remitted: (before_court.CourtDecisionRemitted, "proceedings_id"),
    Proceedings.Enforced: (before_court.CourtDecisionEnforced, "proceedings_id"),
    Proceedings.Withdrawn: (before_court.ProceedingsWithdrawn, "proceedings_id"),
    Proceedings.Fallen: (before_court.ProceedingsFallen, "proceedings_id"),
    StatisticsPack.Frozen: (counted.StatisticsFrozen, "pack_id"),
    StatisticsPack.Restated: (counted.StatisticsRestated, "pack_id"),
    EntryCohort.Stated: (counted.EntryCohortStated, "cohort_id"),
    DataRequest.Received: (asked.DataRequestReceived, "request_id"),
    DataRequest.RequesterChecked: (asked.RequesterChecked, "request_id"),
    DataRequest.Assigned: (asked.DataRequestAssigned, "request_id"),
    DataRequest.CorrectionSeen: (asked.CorrectionSeen, "request_id"),
    DataRequest.Answered: (asked.DataRequestAnswered, "request_id"),
    DataRequest.Declined: (asked.DataRequestDeclined, "request_id"),
    Case.FoundUnnamed: (told.ChildUnnamed, "case_id"),
}
"""By what an event is told, and the field that names what it is about."""


def publish_oversight(event: object) -> Published | None:
    """What others are told of an event around the cases, or None where it is nobody else's matter."""
    pair = PAIRS.get(type(event))
    if pair is None:
        return None
    published, about = pair
    fields = published.__struct_fields__
    told_of = {name: getattr(event, "originator_id" if name == about else name) for name in fields}
    if isinstance(event, Disclosure.Prepared):
        told_of["content"] = msgspec.convert(event.content, made_public.DisclosureContent, from_attributes=True)
        told_of["reached"] = msgspec.convert(event.reached, tuple[made_public.Reached, ...], from_attributes=True)
    elif isinstance(event, StatisticsPack.Frozen | StatisticsPack.Restated):
        told_of["content"] = msgspec.convert(event.content, counted.StatisticsContent, from_attributes=True)
        told_of["reached"] = msgspec.convert(event.reached, tuple[counted.CountedTo, ...], from_attributes=True)
    return published(**told_of)
