"""One child's way back, done by clicking: what `make demo` tells, as each department does it at its own pages."""

from datetime import timedelta

from services.chassis.clock import china_date
from services.chassis.school_terms import add_school_days
from tests.browser.conftest import Somebody, System

SEAT_DAYS = 20


def test_a_child_goes_from_suspicion_to_the_seat_by_clicking(system: System, somebody: Somebody) -> None:
    office = somebody.signed_in("bureau-office")
    case = a_pupils_case(office)
    child = str(office.page.locator(".crumbs a").get_attribute("href"))
    school = str(office.page.locator('form[action="/acts/recordReturn"] [name=school]').input_value())
    assert school, "the form knows the school"

    office.sends("beginVerification")
    assert "已办理" in office.text
    system.days_pass(1)
    office.signed_in("bureau-office").opens(case)
    office.sends("confirmCase", causes=["learning", "work"])
    today = china_date(system.clock.now())
    office.sends("recordPersuasion", method="home_visit", outcome="refused", note="监护人愿意再商量", madeOn=today)
    office.shoots("case-persuading")
    system.days_pass(2)
    today = china_date(system.clock.now())
    office.signed_in("bureau-office").opens(case)
    office.sends("reportCase", issuer=f"school:{school}", number="报告〔2026〕001号")
    reply_by = today + timedelta(days=10)
    office.sends("openReferral", to="public_security", purpose="find_child", request="请协助并回复", replyBy=reply_by)
    office.sends("issueOrder", number="责改〔2026〕001号", termDays=7)
    office.page.locator("tr", has_text="责令限期改正通知书").get_by_text("登记送达").click()
    office.sends("serveDocument", method="direct", receipt="送达回证001", servedOn=today)
    assert "已责令改正" in office.text
    office.shoots("case-ordered")

    police = office  # at the same desk, as somebody else
    police.page.context.clear_cookies()
    police.signed_in("police-officer").opens("/referrals")
    police.page.get_by_text("受理", exact=True).click()
    police.sends("acceptReferral")
    police.page.get_by_text("答复", exact=True).last.click()
    police.sends("answerReferral", outcome="已与家长取得联系")
    assert "已答复" in police.text
    police.shoots("referral-answered")
    police.page.context.clear_cookies()

    system.days_pass(5)
    today = china_date(system.clock.now())
    office.signed_in("bureau-office").opens(case)
    office.sends("recordReturn", school=school, returnedOn=today, seatDays=0)
    system.days_pass((add_school_days(today, SEAT_DAYS) - today).days)
    office.signed_in("bureau-office").opens(case)
    office.sends("countSeatDays", seatDays=SEAT_DAYS)
    office.sends("watchCase")

    assert "跟踪" in office.page.inner_text("h1")
    assert office.violations() == []
    office.shoots("case-watched")
    office.opens(child)
    office.shoots("child")
    assert office.violations() == []
    assert office.complaints == []


def a_pupils_case(office: Somebody) -> str:
    """Opens the case of a child that sits in no class though it is enrolled; answers its address."""
    office.opens("/cases?state=suspected")
    office.page.locator("tr", has_text="名在人不在").first.get_by_text("打开").click()
    return str(office.page.url).removeprefix(office.system.url)
