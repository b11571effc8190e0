"""Who may see what: everything that must be refused is refused, and written down."""

import json
import stat
from pathlib import Path

import pytest
import structlog

from command import duewise
from duewise.errors import ConfigError
from duewise.publish.feedback import FEEDBACK_FILE
from duewise.web.access import ACCESS_FILE
from duewise.web.serve import open_site
from duewise.web.sessions import IDLE_SECONDS, Attempts, FormKeys, Sessions
from duewise.web.users import Role, keep_user, read_users
from page_visits import NIGHTS, PASSWORD, first_debtor, form_token, page_portfolio, sign_in

PRIVATE = ["/", "/worklist", "/worklist.csv", "/worklist.xlsx", "/debtor?id=D1", "/rules", "/models", "/runs"]
DATA = [
    "/api/v1/nights",
    "/api/v1/night",
    "/api/v1/strategies",
    "/api/v1/strategy?debtor_id=D1",
    "/api/v1/rules",
]


@pytest.fixture
def stranger(visit, users):
    return visit(users=str(users))


def seen(runs: Path) -> list[dict]:
    return [json.loads(line) for line in (runs / ACCESS_FILE).read_text().splitlines()]


@pytest.mark.parametrize("path", PRIVATE)
def test_who_has_not_signed_in_is_sent_to_sign_in(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", DATA)
def test_the_api_refuses_who_brings_no_token(stranger, path):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic bWVpOng="}):
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_machine_signs_in_by_its_token(stranger):
    answer = stranger.get("/api/v1/nights", headers={"Authorization": "Bearer a token of the machine"})
    assert answer.json() == {"nights": [night.isoformat() for night in reversed(NIGHTS)]}


def test_signing_in_leads_to_the_page_that_was_asked_for(stranger):
    answer = sign_in(stranger, "mei", PASSWORD, next="/worklist?stage=legal")
    assert answer.headers["location"] == "/worklist?stage=legal"
    assert stranger.get("/worklist").status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"]
)
def test_signing_in_leads_nowhere_else(stranger, target):
    assert sign_in(stranger, "mei", PASSWORD, next=target).headers["location"] == "/"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(stranger):
    cookies = sign_in(stranger, "mei", PASSWORD).headers.get_list("set-cookie")
    assert cookies
    for cookie in cookies:
        assert {"HttpOnly", "Secure", "SameSite=lax"} <= set(cookie.split("; "))


def test_signing_out_ends_the_session_at_the_server(signed_in):
    browser = signed_in("mei")
    session = browser.cookies["duewise_session"]
    token = form_token(browser.get("/").text)
    assert browser.post("/sign-out", data={"form_token": token}).status_code == 303
    browser.cookies.set("duewise_session", session)
    assert browser.get("/").status_code == 303


def test_a_removed_user_is_out_at_once(visit, tmp_path):
    path = tmp_path / "users.yaml"
    for name in ("one", "two"):
        keep_user(path, name, "manager", [], [], password=PASSWORD)
    browser = visit(users=str(path))
    sign_in(browser, "one", PASSWORD)
    assert browser.get("/").status_code == 200
    assert duewise("users", "remove", path, "one").code == 0
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("name", ["mei", "nobody", "crm", ""])
def test_a_wrong_password_is_refused_whoever_is_named(stranger, name):
    answer = sign_in(stranger, name, "wrong password!")
    assert answer.status_code == 401
    assert "The name or the password is wrong." in answer.text


def test_after_too_many_failures_even_the_right_password_waits(stranger):
    for _ in range(8):
        sign_in(stranger, "mei", "wrong password!")
    assert sign_in(stranger, "mei", PASSWORD).status_code == 429


def test_failures_are_forgotten_in_time():
    now = [0.0]
    attempts = Attempts(most=2, seconds=60, clock=lambda: now[0])
    for _ in range(2):
        attempts.failed("name:mei")
    assert attempts.exhausted("address:x", "name:mei")
    now[0] = 61.0
    assert not attempts.exhausted("name:mei")


def test_an_idle_session_ends():
    now = [0.0]
    sessions = Sessions(clock=lambda: now[0])
    key = sessions.begin("mei")
    now[0] = IDLE_SECONDS - 1
    assert sessions.name_of(key) == "mei"
    now[0] += IDLE_SECONDS + 1
    assert sessions.name_of(key) is None


def test_a_header_that_names_a_user_counts_from_listed_proxies_only(visit, users):
    serve = {"users": str(users), "proxies": ["10.1.0.0/16"]}
    named = {"X-Remote-User": "mei"}
    assert visit(address="10.1.2.3", **serve).get("/", headers=named).status_code == 200
    with structlog.testing.capture_logs() as logs:
        forged = visit(address="10.2.0.1", **serve).get("/", headers=named)
    assert forged.status_code == 403
    told = [(log["event"], log["why"], log["address"]) for log in logs]
    assert told == [("request_refused", "forged_header", "10.2.0.1")]
    claimed = named | {"X-Forwarded-For": "10.1.2.3"}
    assert visit(address="10.2.0.1", **serve).get("/", headers=claimed).status_code == 403
    unknown = visit(address="10.1.2.3", **serve).get("/", headers={"X-Remote-User": "eve"})
    assert unknown.status_code == 403


def test_the_header_counts_for_nothing_where_no_proxy_is_listed(visit, users):
    for serve in ({}, {"users": str(users)}):
        answer = visit(**serve).get("/api/v1/nights", headers={"X-Remote-User": "mei"})
        assert answer.status_code == 403
        assert answer.json() == {"error": "forged_header"}


def test_a_team_sees_its_own_debtors_only(signed_in, runs):
    manager, agent = signed_in("mei"), signed_in("bo")
    other = first_debtor(manager, region="CN-SC")
    own = first_debtor(manager, region="CN-BJ")
    assert agent.get("/debtor", params={"id": own}).status_code == 200
    refused = agent.get("/debtor", params={"id": other})
    missing = agent.get("/debtor", params={"id": "nobody"})
    assert refused.status_code == missing.status_code == 404
    assert refused.text == missing.text.replace("nobody", other)
    assert agent.get("/api/v1/strategy", params={"debtor_id": other}).status_code == 404
    rows = agent.get("/api/v1/strategies", params={"limit": "500"}).json()["strategies"]
    assert {row["region"] for row in rows} == {"CN-BJ"}
    everybody = manager.get("/api/v1/strategies", params={"limit": "500", "region": "CN-BJ"}).json()
    assert len(rows) == len(everybody["strategies"])
    assert agent.get("/worklist", params={"region": "CN-SC"}).text.count('class="debtor"') == 0
    looks = [look for look in seen(runs) if look["user"] == "bo"]
    assert {"debtor", "debtor_refused", "api_strategy_refused"} <= {look["what"] for look in looks}
    assert {other} == {d for look in looks if look["what"] == "debtor_refused" for d in look["debtors"]} - {
        "nobody"
    }


def test_a_teams_totals_hold_its_own_debtors_only(signed_in):
    totals = {name: signed_in(name).get("/api/v1/night").json()["totals"] for name in ("mei", "bo")}
    assert 0 < totals["bo"]["debtors"] < totals["mei"]["debtors"]


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("bo", "/models", 403),
        ("bo", "/runs", 403),
        ("bo", "/worklist.csv", 403),
        ("bo", "/worklist.xlsx", 403),
        ("bo", "/rules", 200),
        ("audit", "/models", 200),
        ("audit", "/worklist.csv", 200),
    ],
)
def test_a_role_opens_its_pages_only(signed_in, name, path, status):
    assert signed_in(name).get(path).status_code == status


def test_an_auditor_says_nothing_back(signed_in, runs):
    browser = signed_in("audit")
    debtor = first_debtor(browser)
    page = browser.get("/debtor", params={"id": debtor}).text
    assert 'action="/feedback"' not in page
    form = {"form_token": form_token(page), "debtor_id": debtor, "night": "2026-06-01", "kind": "hardship"}
    assert browser.post("/feedback", data=form).status_code == 403


def test_a_form_from_elsewhere_is_refused(signed_in, runs):
    browser, other = signed_in("mei"), signed_in("bo")
    debtor = first_debtor(other)
    foreign = form_token(other.get("/").text)
    assert foreign
    form = {"debtor_id": debtor, "night": "2026-06-01", "kind": "hardship"}
    for token in (
        {},
        {"form_token": ""},
        {"form_token": "x" * 64},
        {"form_token": foreign},
        {"form_token": "é"},
    ):
        assert browser.post("/feedback", data=form | token).status_code == 403
    assert browser.post("/sign-out", data={"form_token": foreign}).status_code == 403
    assert not (runs / FEEDBACK_FILE).exists()


def test_a_form_key_fits_its_visitor_and_session_only():
    keys = FormKeys()
    token = keys.token("visitor", "session")
    assert keys.fits(token, "visitor", "session")
    assert not keys.fits(token, "visitor", "other")
    assert not keys.fits(token, "other", "session")
    assert not keys.fits(keys.token("", ""), "", "")
    assert not FormKeys().fits(token, "visitor", "session")


def test_feedback_about_another_teams_debtor_is_refused(signed_in, runs):
    agent = signed_in("bo")
    other = first_debtor(signed_in("mei"), region="CN-SC")
    page = agent.get("/debtor", params={"id": first_debtor(agent)}).text
    form = {"form_token": form_token(page), "debtor_id": other, "night": "2026-06-01", "kind": "hardship"}
    assert agent.post("/feedback", data=form).status_code == 404
    assert not (runs / FEEDBACK_FILE).exists()


@pytest.mark.parametrize(
    "night",
    [
        "../../etc",
        "2026-06-01/../2026-05-31",
        "..",
        "latest",
        "20260601",
        "2026-06-01\x00",
        "2026-W23-1",
        "٢٠٢٦-٠٦-٠١",
    ],
)
@pytest.mark.parametrize("path", ["/worklist", "/debtor", "/worklist.xlsx", "/runs", "/api/v1/night"])
def test_a_path_in_the_name_of_a_night_finds_nothing(visit, path, night):
    name = "from" if path == "/runs" else "night"
    assert visit().get(path, params={name: night, "id": "D1"}).status_code == 404


HOSTILE = [
    "'",
    "' OR 1=1 --",
    '"; DROP TABLE x; --',
    "%",
    "_",
    "\\",
    "{0}",
    "read_parquet('/etc/passwd')",
    "\x00",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_sql_in_the_search_box_is_text(visit, text):
    browser = visit()
    found = browser.get("/worklist", params={"q": text})
    assert found.status_code == 200
    assert "Nobody on the list fits." in found.text
    assert browser.get("/api/v1/strategy", params={"debtor_id": text}).status_code == 404
    assert browser.get("/worklist", params={"region": text}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "rank; --"},
        {"stage": "x"},
        {"after": "1"},
        {"after": "nan~1"},
        {"after": "1~-1"},
        {"before": "a~b"},
    ],
)
def test_what_the_list_does_not_know_is_refused(visit, query):
    assert visit().get("/worklist", params=query).status_code == 400


def test_what_a_stranger_types_is_shown_as_text(visit):
    page = visit().get("/worklist", params={"q": "<script>alert(1)</script>"}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:80"])
def test_a_host_that_is_not_ours_is_refused(visit, host):
    assert visit().get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8040", "127.0.0.1", "[::1]:8040", "duewise.bank.example"])
def test_our_own_hosts_are_served(visit, host):
    assert visit(hosts=["duewise.bank.example"]).get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/page.css", "/nowhere", "/api/v1/nights"])
def test_every_answer_carries_the_security_headers(visit, path):
    headers = visit().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_large_bodies_are_refused_unread(visit):
    assert visit().post("/feedback", data={"note": "x" * 100_000}).status_code == 413


def test_nothing_else_is_written_to(visit):
    for path in ("/", "/worklist", "/api/v1/strategies"):
        assert visit().post(path).status_code == 405
        assert visit().delete(path).status_code == 405


def test_static_files_stay_in_their_folder(visit):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert visit().get(path).status_code == 404


def test_the_access_log_tells_who_saw_whom_and_is_private(signed_in, runs):
    browser = signed_in("mei")
    debtor = first_debtor(browser)
    browser.get("/debtor", params={"id": debtor})
    last = seen(runs)[-1]
    assert (last["user"], last["what"], last["debtors"]) == ("mei", "debtor", [debtor])
    assert stat.S_IMODE((runs / ACCESS_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_without_users_nobody_but_this_machine_is_served(runs, host):
    with pytest.raises(ConfigError, match=r"duewise users add"):
        open_site(page_portfolio(runs, host=host))


def test_the_command_refuses_to_start_open_to_others(runs, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("portfolio: {name: shown}\nsources: {path: x}\n")
    refused = duewise("serve", file, "--out", runs, "--host", "0.0.0.0")
    assert refused.code == 2
    assert "sign in" in refused.message


def test_users_are_kept_hashed_and_private(tmp_path):
    path = tmp_path / "users.yaml"
    keep_user(path, "mei", "manager", ["CN-BJ"], ["legal"], password=PASSWORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    user = read_users(path)["mei"]
    assert (user.role, user.regions, user.queues) == (Role.MANAGER, ("CN-BJ",), ("legal",))
    assert str(user.password).startswith("$argon2id$")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"role": "boss"}, "unknown role"),
        ({"queues": ["legla"]}, "did you mean `legal`"),
        ({"password": "short"}, "12 characters"),
    ],
)
def test_a_user_that_makes_no_sense_is_refused(tmp_path, more, told):
    entry = {"role": "agent", "regions": [], "queues": [], "password": PASSWORD} | more
    with pytest.raises(ConfigError, match=told):
        keep_user(
            tmp_path / "users.yaml",
            "mei",
            entry.pop("role"),
            entry.pop("regions"),
            entry.pop("queues"),
            **entry,
        )


@pytest.mark.parametrize(
    "text", ["[]", "users: []", "users: {a: 1}", "users: {a: {role: agent, pasword: x}}", "{"]
)
def test_a_file_of_users_that_cannot_be_read_is_refused(tmp_path, text):
    path = tmp_path / "users.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=str(path)):
        read_users(path)
