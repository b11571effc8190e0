"""The rules for one debtor, one action, one moment: slow, plain Python, written apart from the product.

It shares with the product only the parsed packs and the contract's vocabulary. No arrays, no queries, no
intervals: it walks over rows and asks each rule about each quarter of an hour.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import yaml

import duewise.policy
from duewise.policy.rules.packs import RuleSet

REGIONS = yaml.safe_load((Path(duewise.policy.__file__).parent / "places" / "regions.yaml").read_text())
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
QUARTER = timedelta(minutes=15)


@dataclass
class Account:
    account_id: str
    product: str = "consumer_loan"
    past_due_since: date = date(2026, 1, 1)
    limitation_expires_on: date | None = None
    last_interrupted_on: date | None = None


@dataclass
class Contact:
    at: datetime
    channel: str
    direction: str
    outcome: str
    account_id: str | None = None
    due: date | None = None
    promised: float | None = None
    reason: str | None = None
    point: str | None = None
    recorded_at: datetime | None = None


@dataclass
class Flag:
    flag: str
    starts_at: datetime
    ends_at: datetime | None = None
    account_id: str | None = None
    detail: str | None = None
    recorded_at: datetime | None = None


@dataclass
class Payment:
    account_id: str
    at: datetime
    amount: float


@dataclass
class Debtor:
    timezone: str | None = None
    region: str | None = None
    birth_year: int | None = None
    accounts: list[Account] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)


@dataclass
class World:
    role: str
    country: str | None
    timezone: str
    artefacts: frozenset[str] | None


class Reference:
    """Everything about one debtor as known before `known_before`, judged at `now` (naive UTC)."""

    def __init__(self, debtor: Debtor, world: World, known_before: datetime, now: datetime, day: date | None):
        def known(at: datetime, recorded: datetime | None) -> bool:
            return at < known_before and (recorded or at) < known_before

        self.debtor, self.world, self.now = debtor, world, now
        self.contacts = [c for c in debtor.contacts if known(c.at, c.recorded_at)]
        self.payments = [p for p in debtor.payments if known(p.at, None)]
        self.flags = [f for f in debtor.flags if known(f.starts_at, f.recorded_at)] + []
        self.flags += self.spoken_opt_outs()
        self.calendar_zone = self.easternmost(self.own_zones() or zones_of(world.country) or [world.timezone])
        self.day = day or self.local(now).date()
        self.whole_day = day is not None

    # Where and when.
    def own_zones(self) -> list[str]:
        debtor, regional = self.debtor, []
        code = self.region()
        while code and not regional:
            regional = list(REGIONS.get(code, []))
            code = code.rpartition("-")[0]
        if debtor.timezone is None:
            return regional
        return (
            [debtor.timezone] if not regional or debtor.timezone in regional else [debtor.timezone, *regional]
        )

    def region(self) -> str | None:
        region, country = self.debtor.region, self.world.country
        if not region:
            return None
        return f"{country}-{region}" if country and len(region) <= 3 else region

    def easternmost(self, zones: list[str]) -> str:
        noon = datetime(self.now.year, self.now.month, self.now.day, 12, tzinfo=UTC)
        return max(zones, key=lambda zone: (noon.astimezone(ZoneInfo(zone)).utcoffset(), zone))

    def local(self, moment: datetime, zone: str | None = None) -> datetime:
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone or self.calendar_zone))

    def age(self, moment: datetime) -> int:
        return (self.day - self.local(moment).date()).days

    # Flags.
    def spoken_opt_outs(self) -> list[Flag]:
        said = []
        for contact in self.contacts:
            if contact.outcome != "opt_out":
                continue
            name = f"opt_out:{contact.channel}"
            written = [f for f in self.flags if f.flag == name]
            if any(f.starts_at + timedelta(days=1) >= contact.at for f in written):
                continue
            again = [f.starts_at for f in self.flags if f.flag == f"consent:{contact.channel}"]
            later = [moment for moment in again if moment > contact.at]
            said.append(Flag(name, contact.at, min(later, default=None)))
        return said

    def on(self, *names: str) -> list[Flag]:
        found = []
        for flag in self.flags:
            begun = flag.starts_at <= self.now
            over = flag.ends_at is not None and self.now >= flag.ends_at
            if flag.flag in names and begun and not over:
                found.append(flag)
        return found

    def stay(self, *names: str) -> list[Flag]:
        """Flags that are on, and still on when the day is over where a whole day is asked about."""
        found = self.on(*names)
        if not self.whole_day:
            return found
        return [f for f in found if f.ends_at is None or self.local(f.ends_at).date() > self.day]

    def about(self, flags: list[Flag], account: Account | None) -> bool:
        if account is None:
            return bool(flags)
        return any(f.account_id in (None, account.account_id) for f in flags)

    # Counting.
    def counts_as(self, contact: Contact, what: str) -> bool:
        call = contact.channel in ("call", "ai_call")
        inbound = contact.direction == "inbound"
        outcome = contact.outcome
        if what == "conversation":
            if call:
                return outcome not in ("no_answer", "bounced", "wrong_party")
            met = ("right_party", "promise", "refusal", "dispute", "hardship", "complaint", "opt_out")
            return contact.channel == "visit" and outcome in (*met, "done", "unknown")
        if what == "disputing":
            return outcome == "dispute" or contact.reason == "disputes_debt"
        if inbound:
            return False
        if what == "attempt":
            return call or not (contact.channel in ("sms", "email", "app_push") and outcome == "bounced")
        if what == "connected_attempt":
            return call and outcome != "bounced"
        if what == "unanswered":
            return call and outcome in ("no_answer", "bounced", "unknown")
        assert what == "contact"
        if call:
            return outcome not in ("no_answer", "bounced")
        if contact.channel == "visit":
            return self.counts_as(contact, "conversation")
        return outcome != "bounced"

    def consented_on(self, actions, day: date) -> bool:
        names = [f"consent:{action}" for action in actions]
        for flag in self.flags:
            given = flag.flag in names and flag.starts_at <= self.now
            taken_back = flag.ends_at is not None and self.local(flag.ends_at).date() <= day
            if given and not taken_back and 0 <= (day - self.local(flag.starts_at).date()).days <= 6:
                return True
        return False

    def count(self, part, account: Account | None) -> int:
        condition, total = part.condition, 0
        for contact in self.contacts:
            if contact.channel not in (condition.channels or part.actions):
                continue
            if not 0 <= self.age(contact.at) < condition.last_days:
                continue
            inbound = contact.direction == "inbound"
            if condition.direction == "inbound" and not inbound:
                continue
            if condition.direction == "outbound" and inbound:
                continue
            if condition.direction != "inbound" and not self.counts_as(contact, condition.what):
                continue
            if not part.threshold.at_least and contact.outcome in ("dispute", "complaint", "opt_out"):
                continue
            consented = self.consented_on(part.actions, self.local(contact.at).date())
            if "prior_consent_7d" in condition.exclude and consented:
                continue
            if part.scope == "person_and_debt" and contact.account_id not in (None, account.account_id):
                continue
            total += 1
        return total

    # Conditions: does the part deny `action` for the account (or for the person, account None)?
    def denies(self, part, action: str, account: Account | None) -> bool:
        c = part.condition
        kind = type(c).__name__
        accounts = self.debtor.accounts
        if kind == "Count":
            n = self.count(part, account)
            hit = n >= part.threshold.number if part.threshold.at_least else n < part.threshold.number
            if "prior_consent_7d" in c.exclude and self.consented_on(part.actions, self.day):
                return False
            return hit
        if kind == "Hold":
            return self.about([f for f in self.flags if f.flag in c.flags and self.holds(f, c)], account)
        if kind == "OptOut":
            return bool(self.on(*[f"opt_out:{name}" for name, hit in c.denies.items() if action in hit]))
        if kind == "Consent":
            return not self.stay(f"consent:{action}")
        if kind == "Grace":
            concerned = accounts if account is None else [account]
            return max((self.day - a.past_due_since).days for a in concerned) < c.days
        if kind == "Limitation":
            return self.barred(part, account)
        if kind == "Notice":
            return self.notice_missing(c, account)
        if kind == "Evidence":
            return not all(self.about(self.stay(f"evidence:{item}"), account) for item in c.items)
        if kind == "Minor":
            if self.on("minor"):
                return True
            born = self.debtor.birth_year
            return bool(born) and self.day.year - born <= c.under and not self.stay("evidence:adult")
        if kind == "PromiseOpen":
            return self.promise_open(c, action)
        if kind == "WrongParty":
            return self.wrong_party(c)
        assert kind == "Always"
        return True

    def holds(self, flag: Flag, c) -> bool:
        if flag.starts_at > self.now:
            return False
        ended = flag.ends_at is not None and flag.ends_at <= self.now
        if c.ended and self.whole_day and flag.ends_at is not None:
            ended = ended or self.local(flag.ends_at).date() <= self.day
        if ended != c.ended:
            return False
        if c.unless_detail and (flag.detail or "") in c.unless_detail:
            return False
        if c.max_days is not None:
            limit = c.longer_days if flag.detail == c.longer_detail and flag.detail else c.max_days
            if self.age(flag.starts_at) > limit:
                return False
        for answer in self.stay(*c.cleared_by):
            same = answer.account_id is None or answer.account_id == flag.account_id
            if same and answer.starts_at >= flag.starts_at:
                return False
        return True

    def barred(self, part, account: Account) -> bool:
        c = part.condition
        expires = account.limitation_expires_on
        if expires is None and c.years is not None:
            since = max(d for d in (account.past_due_since, account.last_interrupted_on) if d)
            expires = later(since, c)
            if c.restarted_by_payment:
                paid = [self.local(p.at).date() for p in self.payments if p.account_id == account.account_id]
                if paid and since < max(paid) < expires:
                    expires = later(max(paid), c)
        if expires is None:
            return part.unknown.get("limitation", "deny") == "deny"
        return self.day >= expires

    def notice_missing(self, c, account: Account | None) -> bool:
        wanted = [f for f in self.flags if f.flag.startswith("notice:")] if c.kind == "any" else self.flags
        names = {f.flag for f in wanted} if c.kind == "any" else {f"notice:{c.kind}"}
        valid, served_well = [], False
        for flag in self.on(*names) if c.only_if_served else self.stay(*names):
            if account is not None and flag.account_id not in (None, account.account_id):
                continue
            served = self.local(flag.starts_at).date()
            ready = served + timedelta(days=c.min_days)
            if c.remedy_date_in_detail and flag.detail:
                remedy = date.fromisoformat(flag.detail)
                if (remedy - served).days < c.min_days:
                    continue
                ready = max(ready, remedy)
            valid.append(flag)
            served_well |= self.day >= ready
        if c.only_if_served and not valid:
            return False
        if c.after_first_contact_days is not None:
            first = self.first_contact(account)
            if first is None or (self.day - first).days <= c.after_first_contact_days:
                return False
        return not served_well

    def first_contact(self, account: Account | None) -> date | None:
        soft = ("sms", "email", "app_push", "ai_call", "call", "letter", "visit")
        days = [
            self.local(c.at).date()
            for c in self.contacts
            if c.direction != "inbound"
            and c.channel in soft
            and c.account_id in (None, account.account_id)
            and c.at.date() >= account.past_due_since
        ]
        return min(days, default=None)

    def promise_open(self, c, action: str) -> bool:
        promises = [p for p in self.contacts if p.outcome == "promise" and p.due]
        if not promises:
            return False
        promise = max(promises, key=lambda p: (p.due, p.at))
        if self.day < self.local(promise.at).date() or self.day > promise.due + timedelta(c.until_after_due):
            return False
        if c.reminder_before is not None and action in ("sms", "email", "app_push"):
            arrived = sum(p.amount for p in self.payments if p.at >= promise.at)
            paid = arrived > 0 and arrived >= (promise.promised or 0)
            in_time = promise.due - timedelta(c.reminder_before) <= self.day <= promise.due
            return not in_time or paid
        return True

    def wrong_party(self, c) -> bool:
        numbers: dict[str, tuple[datetime | None, datetime | None]] = {}
        for contact in self.contacts:
            if contact.channel not in ("call", "ai_call"):
                continue
            wrong, right = numbers.get(contact.point or "", (None, None))
            if contact.outcome == "wrong_party":
                wrong = max(wrong or contact.at, contact.at)
            elif contact.outcome in ("right_party", "promise", "refusal", "hardship"):
                right = max(right or contact.at, contact.at)
            if wrong or right:
                numbers[contact.point or ""] = wrong, right
        if not numbers or any(
            wrong is None or (right and right > wrong) for wrong, right in numbers.values()
        ):
            return False
        last = max(wrong for wrong, _ in numbers.values() if wrong)
        return c.last_days is None or self.age(last) < c.last_days

    # Clock.
    def open_at(self, loaded, part, moment: datetime) -> bool:
        c = part.condition
        hours = type(c).__name__ == "Hours"
        zones = list(c.zones) if hours and c.zones else self.own_zones()
        if not zones:
            choice = part.unknown.get("timezone", "deny" if hours else "portfolio")
            if choice == "deny":
                return False
            country, fallback = self.world.country, self.world.timezone
            zones = (
                zones_of(country)
                if choice == "all_zones"
                else [fallback if choice == "portfolio" else choice]
            )
        if not zones:
            return False
        return all(self.open_on_clock(loaded, c, hours, self.local(moment, zone)) for zone in zones)

    def open_on_clock(self, loaded, c, hours: bool, local: datetime) -> bool:
        minute = local.hour * 60 + local.minute
        if not hours:
            return not any(covers(f.detail, local, minute) for f in self.on("quiet_hours"))
        for flag in self.stay("consent:hours"):
            start, end = (clock(text) for text in flag.detail.split("-"))
            if start <= minute < end:
                return True
        window = c.week[local.weekday()]
        country = loaded.country or self.world.country
        if country:
            calendar = official(country, self.region(), loaded.holidays_of, local.year)
            name = calendar.get(local.date())
            if local.weekday() >= 5 and local.date() in swapped(country, local.year):
                window = c.week[0]
            if c.holidays_differ and name and (not c.holiday_names or name.startswith(c.holiday_names)):
                window = c.holidays
        return window is not None and window[0] <= minute < window[1]

    def quarters(self) -> list[datetime]:
        zone = ZoneInfo(self.calendar_zone)
        moment = datetime.combine(self.day, time(0), tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
        found = []
        moment -= 4 * QUARTER
        while self.local(moment).date() <= self.day:
            if self.local(moment).date() == self.day:
                found.append(moment)
            moment += QUARTER
        return found

    # The whole.
    def reaches(self, loaded, part, account: Account | None) -> str:
        """Return yes, no, or doubt (region not known well enough)."""
        rule = loaded.rule
        if not rule.in_force.from_ <= self.day <= (rule.in_force.to or date.max):
            return "no"
        if part.if_flags and not self.on(*part.if_flags):
            return "no"
        if part.products:
            concerned = self.debtor.accounts if account is None else [account]
            if not any(a.product in part.products for a in concerned):
                return "no"
        if part.unless is not None:
            lifting = self.stay(*part.unless.flags)
            if part.unless.within_days is not None:
                lifting = [f for f in lifting if self.age(f.starts_at) <= part.unless.within_days]
            if self.about(lifting, account):
                return "no"
        if part.regions:
            region = self.region()
            if region and any(region == code or region.startswith(code + "-") for code in part.regions):
                return "yes"
            if region and not any(code.startswith(region + "-") for code in part.regions):
                return "no"
            return {"apply": "yes", "warn": "doubt", "silent": "no"}[part.unknown.get("region", "silent")]
        return "yes"

    def cured(self, part, action: str, account: Account | None) -> bool:
        need = part.require
        if need is None or (need.actions is not None and action not in need.actions):
            return False
        if self.about(self.stay(f"evidence:{need.artefact}", f"notice:{need.artefact}"), account):
            return True
        if self.world.artefacts is None:
            return need.undeclared == "ask"
        return need.artefact in self.world.artefacts

    def denied_by(self, ruleset: RuleSet, action: str, at_instant: bool) -> set[str]:
        """Return the ids of all rules that deny `action`, at the instant or for the whole day."""
        person: set[str] = set()
        per_account: dict[str, set[str]] = {a.account_id: set() for a in self.debtor.accounts}
        timed = []
        for loaded in ruleset.rules:
            rule = loaded.rule
            if self.world.role not in rule.applies_to | rule.recommended_to:
                continue
            if rule.countries and self.world.country not in rule.countries:
                continue
            for part in rule.parts:
                if action not in part.actions:
                    continue
                hours = type(part.condition).__name__ in ("Hours", "QuietHours")
                if hours:
                    if self.reaches(loaded, part, None) == "yes":
                        timed.append((loaded, part))
                    continue
                by_account = part.scope == "person_and_debt" or bool(part.products)
                for account in self.debtor.accounts if by_account else [None]:
                    if self.reaches(loaded, part, account) != "yes" or part.effect == "warn":
                        continue
                    if self.denies(part, action, account) and not self.cured(part, action, account):
                        (per_account[account.account_id] if by_account else person).add(rule.id)
        if all(per_account.values()):
            person |= set().union(*per_account.values())
        return person | self.shut(timed, at_instant)

    def shut(self, timed, at_instant: bool) -> set[str]:
        if at_instant:
            return {one.rule.id for one, part in timed if not self.open_at(one, part, self.now)}
        # Tonight's contacts come after tonight: nothing is planned before 00:00 UTC of the day's date.
        grid = [quarter for quarter in self.quarters() if quarter >= datetime.combine(self.day, time(0))]
        opened = [(one.rule.id, [self.open_at(one, part, q) for q in grid]) for one, part in timed]
        if any(all(marks) for marks in zip(*(marks for _, marks in opened), strict=True)) or not opened:
            return set()
        empty = {rule_id for rule_id, marks in opened if not any(marks)}
        return empty or {rule_id for rule_id, marks in opened if not all(marks)}


def covers(detail: str, local: datetime, minute: int) -> bool:
    words = detail.split()
    if words[0] in DAYS:
        if DAYS[local.weekday()] != words[0]:
            return False
        words = words[1:]
        if not words:
            return True
    start, end = (clock(text) for text in words[0].split("-"))
    return start <= minute < end if start < end else minute >= start or minute < end


def clock(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def later(day: date, c) -> date:
    """Return the first barred day."""
    if c.year_end:
        return date(day.year + c.years + 1, 1, 1)
    try:
        return day.replace(year=day.year + c.years)
    except ValueError:  # 29 February
        return date(day.year + c.years, 2, 28)


@cache
def zones_of(country: str | None) -> list[str]:
    if country is None:
        return []
    text = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text()
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return [row[2] for row in rows if row[0] == country]


_CALENDARS: dict[tuple[str, str | None, int], dict[date, str]] = {}


def official(country: str, region: str | None, default: str | None, year: int) -> dict[date, str]:
    state = region.split("-")[1] if region and "-" in region else None
    if state not in holidays.list_supported_countries()[country]:
        state = default
    key = country, state, year
    if key not in _CALENDARS:
        language = {"language": "en_US"} if country == "CN" else {}
        found = holidays.country_holidays(country, subdiv=state, years=year, **language)
        _CALENDARS[key] = {day: str(name) for day, name in found.items()}
    return _CALENDARS[key]


@cache
def swapped(country: str, year: int) -> set[date]:
    if country != "CN":
        return set()
    return {day for day in holidays.country_holidays("CN", years=year).weekend_workdays if day.year == year}
