"""One child's way back, done by clicking: what `make demo` tells, as each department does it at its own pages."""

from datetime import timedelta
from pathlib import Path

from openpyxl import load_workbook

from services.chassis.clock import china_date
from services.chassis.school_terms import add_school_days
from tests.browser.conftest import SCHOOL, Somebody, System

SEAT_DAYS = 20
TOWNSHIP = "township:410326103"


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


def test_a_school_wins_its_pupil_back_by_clicking(system: System, somebody: Somebody) -> None:
    """The head teacher looks, confirms, persuades at home, and takes the child back to its seat; the bureau sees it there."""
    school = somebody.signed_in("school-principal")
    assert "应办" in school.text or "逾期" in school.text, "the school's day names what it owes"
    case = a_pupils_case(school)
    school.sends("beginVerification")
    system.days_pass(1)
    school.signed_in("school-principal").opens(case)
    school.sends("confirmCase", causes=["learning"])
    today = china_date(system.clock.now())
    school.sends("recordVisit", method="home_visit", attitude="agreed", promise="下周一到校", visitedOn=today)
    school.sends("recordPersuasion", method="home_visit", outcome="agreed", note="家长同意返校", madeOn=today)
    school.shoots("school-persuaded")
    system.days_pass(2)
    today = china_date(system.clock.now())
    school.signed_in("school-principal").opens(case)
    school.sends("recordReturn", school=SCHOOL, returnedOn=today, seatDays=0)
    system.days_pass((add_school_days(today, SEAT_DAYS) - today).days)
    school.signed_in("school-principal").opens(case)
    school.sends("countSeatDays", seatDays=SEAT_DAYS)
    assert "已返校" in school.page.inner_text("h1")
    assert school.violations() == []

    office = somebody.becomes("bureau-office")
    office.opens(case)
    office.sends("watchCase")
    assert "跟踪" in office.page.inner_text("h1")
    assert somebody.complaints == []


def test_a_school_holds_its_terms_check_in_by_clicking(system: System, somebody: Somebody) -> None:
    """It opens the check-in, counts who came grade by grade, ends it, and says why somebody did not come."""
    school = somebody.signed_in("school-principal")
    school.opens("/check-ins")
    school.follows("开始开学报到")
    school.page.select_option("#term", "2026-2027-2")
    school.page.fill("#startsOn", str(china_date(system.clock.now())))
    school.page.get_by_role("button", name="开始开学报到").click()
    assert "正在报到" in school.page.inner_text("h1")
    school.shoots("check-in")
    assert school.violations() == []
    pupils = school.page.locator('input[name="children"]')
    assert pupils.count() >= 1
    pupils.first.uncheck()
    school.page.locator("form.command button").click()
    assert "已办理" in school.text
    school.follows("汇总")
    school.sends("closeCheckIn")
    assert "已汇总" in school.page.inner_text("h1")

    school.follows("未报到")
    school.follows("核实")
    school.sends("verifyAbsence", reason="住院治疗")
    assert "住院治疗" in school.text
    assert somebody.complaints == []


def test_civil_affairs_answers_what_it_was_asked_by_clicking(system: System, somebody: Somebody) -> None:
    """The bureau asks for help for a family; civil affairs finds it on its day, takes it on, answers; the case page says so."""
    office = somebody.signed_in("bureau-office")
    office.opens("/cases?state=suspected")
    case = str(office.page.locator("tbody").get_by_role("link", name="打开").first.get_attribute("href"))
    office.opens(case)
    reply_by = china_date(system.clock.now()) + timedelta(days=10)
    office.sends(
        "openReferral",
        to="civil_affairs",
        purpose="social_assistance",
        request="请核实是否符合低保条件",
        replyBy=reply_by,
    )

    relief = somebody.becomes("civil-affairs-officer")
    assert "社会救助" in relief.text
    relief.follows("转办：社会救助")
    relief.follows("受理")
    relief.sends("acceptReferral")
    relief.follows("答复")
    relief.sends(
        "answerReferral",
        outcome="已纳入临时救助",
        decision="granted",
        granted="temporary_relief",
        grantedFrom=china_date(system.clock.now()),
    )
    assert "已答复" in relief.text
    relief.shoots("civil-affairs-answered")
    assert relief.violations() == []

    office = somebody.becomes("bureau-office")
    office.opens(case)
    assert "已纳入临时救助" in office.text
    assert somebody.complaints == []


def test_what_an_inspection_found_is_put_right_and_its_result_public_by_clicking(
    system: System, somebody: Somebody
) -> None:
    """The bureau inspects a township, the township says what it did, the bureau looks again, supervision sees the end."""
    office = somebody.signed_in("bureau-office")
    due_on = china_date(system.clock.now()) + timedelta(days=14)
    office.opens("/inspections")
    office.follows("开始一次检查")
    office.sends("openInspection", unit=TOWNSHIP, township=TOWNSHIP.partition(":")[2], matter="ledgers", size=3)
    office.follows("登记问题")
    office.sends("recordInspectionFinding", finding="台账与实际不符", owedBy=TOWNSHIP, dueOn=due_on)
    assert "整改中" in office.text

    township = somebody.becomes("xiaodian-officer")
    township.opens("/rectifications?mine=yes")
    township.follows("报告整改")
    township.sends("reportRectification", evidence="已逐户核对并更正台账")
    assert "待复查" in township.text

    office = somebody.becomes("bureau-office")
    office.opens("/inspections")
    office.follows("复查")
    office.sends("checkRectification", right=["yes"])
    office.follows("公告办结")
    office.sends("closeInspection")

    inspector = somebody.becomes("supervision-head")
    inspector.opens("/inspections?closed=yes")
    assert "已整改到位" in inspector.text
    assert inspector.violations() == []
    inspector.shoots("inspection-ended")
    assert somebody.complaints == []


def test_a_round_of_the_field_check_goes_out_comes_back_and_is_countersigned_by_clicking(
    system: System, somebody: Somebody, tmp_path: Path
) -> None:
    """The township sends its lists out, a sheet comes back filled in, the township hands in, the bureau countersigns."""
    township = somebody.signed_in("xiaodian-officer")
    due_on = china_date(system.clock.now()) + timedelta(days=20)
    township.opens("/field-checks")
    township.follows("摸排下发")
    township.sends("openFieldCheck", dueOn=due_on)
    with township.page.expect_download() as download:
        township.follows("下载摸排表")
    sheet = tmp_path / "摸排表.xlsx"
    download.value.save_as(sheet)
    _all_found(sheet, "在校(本县就读)")
    township.page.set_input_files("#files", sheet)
    township.page.get_by_role("button", name="上传摸排表").click()
    assert "已登记 1 个村的摸排表" in township.text
    assert township.violations() == []
    township.shoots("field-check-taken")
    township.opens("/field-checks")
    township.follows("乡镇上报")
    township.sends("makeSubmission")
    assert "待会签" in township.text

    office = somebody.becomes("bureau-office")
    office.opens("/field-checks")
    office.follows("接收会签")
    office.sends("acceptSubmission")
    assert "已会签锁定" in office.text
    assert somebody.complaints == []


def _all_found(sheet: Path, found: str) -> None:
    """Fills a village's sheet in: the same was found of everybody on it."""
    book = load_workbook(sheet)
    page = book.worksheets[0]
    [(row, column)] = [
        (cell.row, cell.column) for line in page.iter_rows(max_row=12) for cell in line if cell.value == "摸排结果"
    ]
    for below in range(row + 1, page.max_row + 1):
        if page.cell(below, 1).value:
            page.cell(below, column).value = found
    book.save(sheet)


def a_pupils_case(office: Somebody) -> str:
    """Opens the case of a child that sits in no class though it is enrolled; answers its address."""
    office.opens("/cases?state=suspected")
    office.page.locator("tr", has_text="名在人不在").first.get_by_text("打开").click()
    return str(office.page.url).removeprefix(office.system.url)
