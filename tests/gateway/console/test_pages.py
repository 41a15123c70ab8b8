"""The pages as each department sees them: what it may see, in words, light, and with nothing that a page could be made to run."""

import re
import tomllib
from collections.abc import Iterator
from html import unescape
from importlib.resources import files
from typing import Any

import psycopg
import pytest

from gateway.access.issuing import DEMO_ACCOUNTS
from gateway.console.routes import PAGES
from gateway.console.texts import CATALOGUE, Texts
from gateway.console.views.acts import LISTS, OTHER_ACTS
from gateway.console.views.offers import ACTS
from gateway.schema.rights import command_of
from gateway.words import WORDS
from services.cases.domain import catalogue, ladder
from tests.gateway import county
from tests.gateway.console.browsing import Browser, text_of, ticket_of

MOST_BYTES = 100_000
OF_CASES = [
    "openings",
    "causes",
    "persuasion_methods",
    "persuasion_outcomes",
    "searches",
    "service_methods",
    "departments",
    "paper_results",
    "proceedings",
    "proceedings_kinds",
    "appellants",
    "crime_decisions",
    "set_aside_by",
    "focus_groups",
    "letter_outcomes",
    "evidence",
    "pauses",
    "resolutions",
    "documents",
    "report_outcomes",
    "inquiries",
    "inspections",
    "measures",
    "data_requests",
    "corrections",
    "requester_proofs",
    "data_request_refusals",
]
"""The lists of words.toml that are those of cases."""
APPROVED = [name for name, account in DEMO_ACCOUNTS.items() if account.unit.split(":")[0] != "supervision"]


@pytest.fixture
def browser(gateway: Any) -> Iterator[Browser]:
    with Browser(gateway) as browser:
        yield browser


def a_case(township: str = county.XIAODIAN) -> dict[str, Any]:
    """A case of a township that is still open."""
    return next(
        row
        for table, row in county.county_rows()
        if table == "case_file" and row["township"] == township and row["state"] != "closed"
    )


@pytest.mark.parametrize("account", APPROVED)
def test_every_page_of_its_navigation_opens_for_a_department(browser: Browser, account: str) -> None:
    home = browser.signed_in(account).get("/")
    linked = re.findall(r'<li><a href="(/[^"]*)"', home.text.partition("</nav>")[0])

    assert "/" in linked
    for path in linked:
        page = browser.get(path)
        assert page.status_code == 200, (path, text_of(page))
        assert len(page.content) < MOST_BYTES, path


def test_a_page_that_is_not_offered_says_so_in_words(browser: Browser) -> None:
    case = a_case()
    page = browser.signed_in("police-officer").get(f"/cases/{case['case_id']}")

    assert page.status_code == 404
    assert "没有找到" in page.text


def test_a_child_is_shown_with_what_this_department_may_see_of_it(browser: Browser) -> None:
    query = f'{{ children(township: "{county.XIAODIAN}", first: 50) {{ nodes {{ id idNumber }} }} }}'
    children = browser.gateway.ask(query, by="bureau-office").data["children"]["nodes"]
    child = next(child for child in children if child["idNumber"])
    office = text_of(browser.signed_in("bureau-office").get(f"/children/{child['id']}"))
    with Browser(browser.gateway) as other:
        township = text_of(other.signed_in("xiaodian-officer").get(f"/children/{child['id']}"))

    assert child["idNumber"] in office
    assert child["idNumber"] not in township
    assert child["idNumber"][-4:] in township, "a township sees the last four"


def test_another_townships_child_is_as_if_there_were_none(browser: Browser) -> None:
    browser.signed_in("xiaodian-officer")
    there, nowhere = (
        browser.get(f"/children/{id}")
        for id in (a_case(county.SANTUN)["child_id"], "00000000-0000-4000-8000-000000000000")  # noqa: A001
    )

    assert there.status_code == nowhere.status_code == 404
    assert re.sub(r'value="[^"]+"|/children/\S+"', "", there.text) == re.sub(
        r'value="[^"]+"|/children/\S+"', "", nowhere.text
    )


@pytest.mark.parametrize("typed", ["name", "idLast4"])
def test_a_child_is_found_by_its_name_or_number_and_neither_is_in_an_address(browser: Browser, typed: str) -> None:
    query = f'{{ children(township: "{county.XIAODIAN}", first: 50) {{ nodes {{ id name idNumber }} }} }}'
    children = browser.gateway.ask(query, by="bureau-office").data["children"]["nodes"]
    child = next(child for child in children if child["idNumber"] and child["name"])
    page = browser.signed_in("xiaodian-officer").get("/ledger")
    word = {"name": child["name"], "idLast4": child["idNumber"][-4:]}[typed]

    found = browser.post("/ledger", {"ticket": ticket_of(page), typed: word})

    assert found.status_code == 200, text_of(found)
    assert f"/children/{child['id']}" in found.text
    assert str(found.url) == "http://gateway/ledger"


@pytest.mark.parametrize("path", ["/children/x", "/cases/1", "/acts/nothing", "/acts/me"])
def test_an_address_that_means_nothing_is_not_found(browser: Browser, path: str) -> None:
    assert browser.signed_in("bureau-office").get(path).status_code == 404


def test_a_look_at_a_page_is_recorded_like_any_other(browser: Browser) -> None:
    case = a_case()
    browser.signed_in("xiaodian-officer").get(f"/cases/{case['case_id']}")

    operations = [receipt["operation"] for receipt in browser.gateway.receipts_of(limit=200)]
    assert "CasePage" in operations


@pytest.mark.parametrize("page", sorted(page.name for page in (files("gateway.console") / "pages").iterdir()))
def test_every_table_is_in_a_region_that_has_a_name_and_is_scrolled_by_keys(page: str) -> None:
    text = (files("gateway.console") / "pages" / page).read_text()
    regions = re.findall(r'<div class="scroll"([^>]*(?:{{.*?}}[^>]*)*)>', text)

    assert text.count("<table") == len(regions)
    for region in regions:
        assert re.fullmatch(r' tabindex="0" role="region" aria-label(ledby)?=".+"', region), region


def test_whoever_what_is_late_goes_up_to_has_a_name_as_a_unit() -> None:
    assert WORDS["levels"].keys() <= WORDS["units"].keys()


def test_the_pages_may_run_and_load_nothing_from_elsewhere(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/")
    policy = page.headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert " style=" not in page.text
    assert not re.search(r"<script(?! src=)|\son[a-z]+=", page.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


def test_names_are_written_as_text_whatever_stands_in_them(browser: Browser, read_model: Any) -> None:
    case = a_case()
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("update child_identity set name = %s where child_id = %s", [hostile, case["child_id"]])
    browser.signed_in("bureau-office")
    for path in ("/", f"/cases/{case['case_id']}", f"/children/{case['child_id']}"):
        page = browser.get(path)
        assert "<img src=x" not in page.text
        assert "<script>alert" not in page.text
        assert "49" not in page.text.partition("&lt;img src=x")[2][:60]


def test_the_language_is_chosen_once_and_kept(browser: Browser) -> None:
    browser.signed_in("bureau-office")

    assert '<html lang="zh-CN">' in browser.get("/").text
    assert '<html lang="en">' in browser.get("/?language=en").text
    assert "My day" in browser.get("/").text


def test_every_text_is_there_in_both_languages() -> None:
    for section, texts in CATALOGUE.items():
        for key, both in texts.items():
            assert len(both) == 2, (section, key)
            assert all(both), (section, key)
            assert sorted(re.findall(r"\{\w+\}", both[0])) == sorted(re.findall(r"\{\w+\}", both[1])), (section, key)
    assert all(Texts("zh").has(f"nav.{page.name}") for page in PAGES if page.name)


@pytest.mark.parametrize(
    ("actor", "unit", "told"),
    [
        ("teacher-7", "township:410326103", "teacher-7 · 小店镇 乡镇"),
        (None, "township:410326103", "小店镇 乡镇"),
        (None, None, ""),
        ("clock", "policy:cases", "系统"),
        ("policy:cases", "policy:cases", "系统"),
    ],
)
def test_who_did_something_is_told_as_far_as_it_may_be_seen(actor: str | None, unit: str | None, told: str) -> None:
    assert Texts("zh").by(actor, unit) == told


def test_the_lists_to_choose_from_are_those_of_the_service() -> None:
    lists = tomllib.loads(files("services.cases.domain").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    for name in OF_CASES:
        assert WORDS[name] == {code: word["name"] for code, word in lists[name].items()}, name
    assert set(LISTS.values()) <= WORDS.keys()


def test_a_clearance_is_asked_for_with_the_codes_and_papers_that_the_service_takes() -> None:
    codes = catalogue.RESOLUTIONS
    assert OTHER_ACTS["requestClearance.resolution"] == {code for code, word in codes.items() if word.instead}
    assert WORDS["clearance_papers"].keys() == {paper for word in codes.values() for paper in word.evidence}


def test_what_is_offered_on_a_case_is_what_its_state_allows() -> None:
    for command, states in ACTS.items():
        act = ladder.ACTS.get(command_of(command))
        if act is not None:
            assert states == {str(state) for state in act.states}, command
    offered = {command_of(command) for command in ACTS}
    assert offered >= {name for name, act in ladder.ACTS.items() if not act.asked_for} - {"record_attendance"}


def test_a_unit_s_duties_are_summed_by_person_and_lead_to_theirs(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/duties?from=2020-01-01&until=2030-12-31")
    [unit, *_] = re.findall(r'href="(/duties\?[^"]*owedBy=[^"]+)"', page.text)
    by_person = browser.get(unescape(unit))

    assert by_person.status_code == 200
    assert "按责任人" in text_of(by_person)
    for person in re.findall(r'href="(/duties/list\?[^"]*officer=[^"]+)"', by_person.text)[:1]:
        assert browser.get(unescape(person)).status_code == 200


def test_the_sums_of_duties_lead_to_the_duties_behind_them(browser: Browser) -> None:
    browser.signed_in("bureau-office")
    page = browser.get("/duties?from=2020-01-01&until=2030-12-31")
    (first, *_) = re.findall(r'href="(/duties/list\?[^"]+)"', page.text.partition("<tbody>")[2])
    listed = browser.get(first.replace("&amp;", "&"))

    assert "履职台账" in text_of(page)
    assert listed.status_code == 200
    assert "<tbody>" in listed.text


def test_the_county_is_shown_as_it_was_known_on_an_earlier_day(browser: Browser) -> None:
    browser.signed_in("bureau-office")
    now, before = browser.get("/replay"), browser.get("/replay?at=2000-01-01")

    assert "全县回放" in text_of(now)
    assert now.status_code == before.status_code == 200
    assert "截至 2000-01-01 所知" in text_of(before)


def test_a_day_that_is_none_is_refused_in_words(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/replay?at=yesterday")

    assert page.status_code == 400
    assert "内容有误" in page.text


def test_who_may_not_replay_is_offered_no_replay(browser: Browser) -> None:
    browser.signed_in("xiaodian-officer")

    assert "/replay" not in browser.get("/").text
    assert browser.get(f"/cases/{a_case()['case_id']}/replay").status_code == 404


def test_two_entries_stand_side_by_side_and_what_differs_is_marked(browser: Browser) -> None:
    listed = browser.signed_in("bureau-office").get("/doubts?state=open")
    [path, *_] = re.findall(r'href="(/doubts/[^"]+)"', listed.text)

    page = browser.get(path)

    assert page.status_code == 200, text_of(page)
    assert 'action="/acts/decideDoubt"' in page.text
    assert 'class="differs"' in page.text
    assert "相似的行" in page.text


def test_a_list_is_handed_out_narrowed_as_it_is_shown(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/findings?overdue=yes&kind=not_in_seat")
    [path] = re.findall(r'href="(/files/lists/findings[^"]+)"', page.text)

    assert path == "/files/lists/findings?format=xlsx&amp;kind=not_in_seat&amp;overdue=true"
    assert browser.get(unescape(path)).status_code == 200


def test_a_round_is_summed_by_township_and_leads_to_its_villages_and_their_answers(browser: Browser) -> None:
    page = browser.signed_in("bureau-office").get("/field-checks?round=2026-autumn")
    [township] = set(re.findall(rf'href="(/field-checks\?[^"]+township={county.XIAODIAN})"', page.text))
    villages = browser.get(unescape(township))
    [answers, *_] = re.findall(r'href="(/field-checks/[^"]+)"', villages.text)
    found = browser.get(f"{answers}?conflict=yes")

    assert "/acts/acceptSubmission?submissionId=" in page.text
    assert "分村名单" in villages.text
    assert found.status_code == 200
    assert "/acts/settleFieldCheck" not in found.text, "the township decides, not the bureau"


def test_what_two_sheets_say_differently_is_decided_by_the_township_at_the_row(browser: Browser) -> None:
    page = browser.signed_in("xiaodian-officer").get("/field-checks?round=2026-autumn")
    for answers in re.findall(r'href="(/field-checks/[^"]+)"', page.text):
        rows = browser.get(f"{answers}?conflict=yes").text
        for act in re.findall(r'href="(/acts/settleFieldCheck[^"]+)"', rows):
            form = browser.get(unescape(act))
            assert f'name="back" value="{answers}"' in form.text
            return
    pytest.fail("no sheet differs from another")


def test_pages_are_grouped_where_there_are_many_and_stand_side_by_side_where_there_are_few(browser: Browser) -> None:
    many = browser.signed_in("bureau-office").get("/cases").text.partition("</nav>")[0]
    with Browser(browser.gateway) as other:
        few = other.signed_in("bureau-assistance").get("/").text.partition("</nav>")[0]

    assert '<summary class="here">儿童与个案</summary>' in many
    assert "<details" not in few


def test_the_ledger_of_disclosures_leads_to_what_each_says_and_hides(browser: Browser) -> None:
    listed = browser.signed_in("bureau-office").get("/disclosures")
    [path, *_] = re.findall(r'href="(/disclosures/[^"]+)"', listed.text)
    page = browser.get(path)

    assert "拟制公开内容" in listed.text
    assert page.status_code == 200, text_of(page)
    assert "哪些数隐去" in page.text


def test_supervision_sees_the_ledger_of_disclosures_and_prepares_none(browser: Browser) -> None:
    page = browser.signed_in("bureau-assistance").get("/disclosures")

    assert "拟制公开内容" not in page.text


def test_every_bar_of_the_funnel_leads_to_as_many_cases_as_it_counts(browser: Browser, read_model: Any) -> None:
    with psycopg.connect(read_model.dsn("gateway_writer")) as connection:
        connection.execute("update case_file set confirmed_on = opened_on where state in ('confirmed', 'ordered')")
    page = browser.signed_in("bureau-office").get("/board")
    bars = dict(re.findall(r'href="(/cases\?reached=\w+)" aria-label="\S+ (\d+)"', page.text))
    counts = {path: len(re.findall(r'<a href="/cases/[^"]+">', browser.get(path).text)) for path in bars}

    assert len(bars) == len(WORDS["funnel"])
    assert counts == {path: int(count) for path, count in bars.items()}
    assert 0 < counts["/cases?reached=confirmed"] < counts["/cases?reached=opened"]


@pytest.mark.parametrize("account", ["bureau-office", "xiaodian-officer", "inspector"])
@pytest.mark.parametrize("path", ["/board", f"/board/{county.XIAODIAN}"])
def test_each_number_of_the_board_leads_to_exactly_those_whom_it_counts(
    browser: Browser, path: str, account: str
) -> None:
    """Those of cases in hand and of focus groups as well."""
    page = browser.signed_in(account).get(path)
    numbers = re.findall(r'<a href="(/board/children\?[^"]+)">(?:<strong>)?([\d,]+)<', page.text)

    assert {"open_case", "suspect"} <= {re.findall(r"state=(\w+)", link)[0] for link, _ in numbers}
    assert path != "/board" or [link for link, _ in numbers if "state=open_case&amp;group=" in link]
    for link, number in numbers:
        listed, pages = 0, unescape(link)
        while pages:
            found = browser.get(pages)
            listed += len(re.findall(r'<th scope="row"><a href="/children/', found.text))
            pages = unescape("".join(re.findall(r'<p class="pages"><a href="([^"]+)"', found.text)))
        assert listed == int(number), link


def test_who_is_told_sums_and_no_child_is_led_to_none(browser: Browser) -> None:
    page = browser.signed_in("statistician").get("/board")

    assert "/board/children" not in page.text
    assert "/ledger" not in page.text


def test_my_day_sums_what_my_unit_owes_of_every_matter_and_leads_to_it(browser: Browser) -> None:
    page = browser.signed_in("school-principal").get("/")
    sums = page.text.partition('id="sums"')[2].partition("</section>")[0]
    [(path, count), *_] = re.findall(r'href="(/duties/list[^"]+)">(\d+)<', sums)
    listed = browser.get(unescape(path))

    assert listed.status_code == 200
    assert listed.text.partition("<tbody>")[2].count("<tr>") == int(count)
