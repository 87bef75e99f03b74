"""Demo: a seeded, wholly artificial 4S dealership store, with many deliberate edges.

Place in the flow: it makes the records which enter at the front of the pipeline
records -> facts -> policy -> engine -> outcome -> explanation. Nothing here is about a real person or store.
"""

from __future__ import annotations

import csv
import json
import shutil
from bisect import bisect
from calendar import monthrange
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from errno import EIO
from functools import lru_cache
from itertools import accumulate, chain
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeVar, cast

from dateutil.relativedelta import relativedelta

from dealerrules import records
from dealerrules.disk import OutputError
from dealerrules.faults import FieldError, RecordError, messages
from dealerrules.outputs import replacing
from dealerrules.values import Kind, months_before

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["customers", "subjects", "write_jsonl", "write_tables"]

_SAYS: Final = messages("""
no_polars | to write Parquet: pip install "dealerrules[frames]" | 写 Parquet 需要先安装：pip install "dealerrules[frames]"
""")
_T = TypeVar("_T")
_DAY: Final = timedelta(days=1)
_YEAR: Final = 365


class Odds(Generic[_T]):
    """What may come, each with its weight."""

    __slots__ = ("last", "sums", "words")

    def __init__(self, weights: Mapping[_T, int]) -> None:
        self.words, self.sums = tuple(weights), tuple(accumulate(weights.values()))
        self.last = len(self.words) - 1


# Shares of 1.
UNKNOWN: Final = 0.08  #: each optional field is left out this often
ON_EDGE: Final = 0.12  #: an event falls on a window's bound, or one day either side
ON_MONTH_END: Final = 0.05
AFTER_AS_OF: Final = 0.03
ON_SAME_DAY: Final = 0.06  #: an earlier visit falls on the day of the latest one
INSURED: Final = 0.85
RENEWED_OFF_DATE: Final = 0.12  #: a renewal leaves a gap, or overlaps
REFUSES_ALWAYS: Final = 0.05  #: a customer's last three answers are refusals
IN_WHOLE_YUAN: Final = 0.4
ON_BOUND: Final = 0.6  #: another subject's numbers lie on a band's bound

# Edges.
CHURN_MONTHS: Final = (6, 12, 24, 36)  #: where the stages of absence begin
WINDOW_MONTHS: Final = (*CHURN_MONTHS, 1, 3, 18)  #: these, and the bounds of other windows
GAP_DAYS: Final = (29, 30, 31, 45, -10)  #: uninsured days between two covers; below 0 they overlap
EXPIRY_DAYS: Final = (-31, -30, -1, 0, 1, 59, 60, 61)  #: days from as_of to the newest cover's last day
ROWS_OF_PART: Final = 20_000  #: rows of a Parquet table that are in memory at a time
SIZE_OF_BLOCK: Final = 4  #: a household lies within a block of so many customers
HOUSEHOLDS: Final = Odds({(1, 1, 1, 1): 86, (2, 1, 1): 9, (2, 2): 2, (3, 1): 2, (4,): 1})  #: sizes in a block

# Distributions: what -> its weight.
REGIONS: Final = Odds({
    "市里": 83, "外地": 69, "石狮": 19, "晋江": 59, "惠安": 27, "永春": 15, "德化": 26, "安溪": 111,
    "南安": 87, "泉港": 11, "水头": 10,
})  # fmt: skip
MODELS: Final = Odds({"欧朗": 107, "B50": 1991, "B70": 359, "B90": 88, "X80": 886, "红旗": 13})
VEHICLES: Final = Odds({0: 2, 1: 91, 2: 6, 3: 1})
COVER_YEARS: Final = Odds({1: 20, 2: 18, 3: 22, 4: 22, 5: 12, 6: 6})
REFERRALS: Final = Odds({0: 82, 1: 9, 2: 4, 3: 3, 4: 2})
SURVEYS: Final = Odds({0: 76, 1: 14, 2: 7, 3: 3})
SUGGESTIONS: Final = Odds({0: 88, 1: 9, 2: 3})
CONTACTS: Final = Odds({0: 30, 1: 28, 2: 20, 3: 12, 4: 7, 5: 3})
DAYS_TO_SETTLE: Final = Odds({0: 70, 1: 20, 7: 10})
STATUSES: Final = Odds({"settled": 88, "open": 5, "cancelled": 4, "deleted": 3})
SOURCES: Final = Odds({"csi": 45, "ssi": 35, "store": 20})
PURPOSES: Final = Odds({"recall": 35, "reminder": 25, "callback": 30, "complaint": 10})
RESULTS: Final = Odds({
    "reached": 45, "unreachable": 15, "refused": 12, "not_interested": 10, "distrusts": 6, "will_come": 12,
})  # fmt: skip
REASONS: Final = Odds({"service": 30, "location": 30, "price": 40, "reminder": 20})
VISIT_KINDS: Final = Odds({
    "maintenance": 50, "repair": 20, "body": 8, "warranty": 7, "claim": 6, "inspection": 6, "other": 3,
})  # fmt: skip
KINDS: Final = Odds({"individual": 88, "company": 12})
STORES: Final = Odds({"S01": 70, "S02": 30})
CHANNELS: Final = Odds({"store": 88, "second_tier": 12})
BRINGERS: Final = Odds({"owner": 75, "relative": 15, "driver": 10})
MONTHS_OF_COVER: Final = Odds({12: 95, 6: 5})
REFERRED: Final = Odds({"vehicle": 60, "insurance": 40})
BILLS: Final = {  # yuan, by kind of visit: the lowest and the highest
    "maintenance": (280, 1_500), "repair": (150, 6_000), "body": (500, 24_000), "warranty": (0, 3_000),
    "claim": (800, 30_000), "inspection": (0, 200), "other": (0, 300),
}  # fmt: skip
PAYERS: Final = {"warranty": "maker", "claim": "insurer", "body": "insurer"}  #: all else: the customer


class Profile(NamedTuple):
    """How a group of customers behaves."""

    weight: int
    visits: tuple[int, int]  #: in four years, fewest and most
    absence: tuple[int, int]  #: days since the last visit, fewest and most
    bill: int  #: percent of an ordinary bill
    loyalty: Odds[str]


PROFILES: Final = (  # the first fifth brings about four fifths of the money
    Profile(20, (5, 11), (0, 180), 220, Odds({"low": 5, "medium": 30, "high": 65})),
    Profile(30, (2, 6), (0, _YEAR), 70, Odds({"low": 30, "medium": 50, "high": 20})),
    Profile(20, (1, 4), (183, 2 * _YEAR), 70, Odds({"low": 50, "medium": 40, "high": 10})),
    Profile(22, (1, 3), (2 * _YEAR, 4 * _YEAR), 70, Odds({"low": 70, "medium": 25, "high": 5})),
    Profile(8, (0, 0), (0, 0), 100, Odds({"low": 60, "medium": 30, "high": 10})),  # never came
)
PROFILE: Final = Odds({profile: profile.weight for profile in PROFILES})

#: Bounds of the other subjects' bands; None is unknown.
CAMPAIGNS: Final = (  # audience, target, returned; a target left out is 20% of the audience, rounded up
    (536, 110, 77), (536, 110, 78), (536, 110, 109), (536, 110, 110), (536, 110, 111), (536, 110, 130),
    (573, None, 115), (573, None, 116), (536, None, 108), (546, None, 77), (500, None, 70), (500, None, 71),
    (400, 0, 5), (0, None, 0), (0, None, 3), (None, None, 40), (None, 10, 7), (50, 10, 0), (50, 10, None),
)  # fmt: skip
FOLLOW_UPS: Final = (  # surveyed, satisfied
    (20, 19), (100, 94), (100, 95), (100, 96), (100, 99), (100, 100), (40, 38), (199, 189), (200, 191),
    (37, 37), (58, 56), (83, 74), (0, 0), (1, 0), (1, 1),
)  # fmt: skip
DEPARTMENTS: Final = Odds({"sales": 40, "after_sales": 60})
CADENCES: Final = Odds({"weekly": 40, "monthly": 40, "yearly": 20})
HEADCOUNTS: Final = Odds({0: 5, 1: 15, 4: 30, 7: 30, 12: 20})
RECALLS: Final = ((0, 0), (1, 0), (4, 1), (5, 0), (5, 1), (50, 9), (50, 10), (50, 11), (51, 10), (51, 11))
REPAIR_FEN: Final = (0, 4_999_99, 5_000_00, 5_000_01, 10_000_00, 10_000_01, 20_000_00, 20_000_01)
PREPAID_FEN: Final = (0, 1, 999_99, 1_000_00, 1_000_01, 2_000_00, 3_000_00, 3_000_01)
SPEND_FEN: Final = (0, 499_99, 500_00, 500_01, 999_99, 1_000_00, 1_000_01)
PREPAID_ITEMS: Final = Odds({"oil": 25, "maintenance_set": 25, "maintenance_5": 20, "none": 30})

SUBJECTS: Final = ("recall_campaign", "follow_up_result", "consultant_month", "repair_order", "purchase")

#: The columns of every table: the plain fields of the records, in their order.
COLUMNS: Final = {
    **{subject.table: tuple(subject.fields) for subject in records.SUBJECTS.values()},
    **{table.name: tuple(table.fields) for table in records.TABLES.values()},
}


@dataclass(frozen=True, slots=True)
class _Dice:
    """One record's source of chance: no logarithm or power, so every platform makes the same store."""

    rng: Random
    as_of: date

    @classmethod
    def of(cls, seed: int, what: str, number: int, as_of: date) -> _Dice:
        """Return the dice of one record: they depend on the seed, the kind of thing and its number."""
        return cls(Random(f"{seed}:{what}:{number}"), as_of)  # noqa: S311 - a demo, not a secret

    def chance(self, share: float) -> bool:
        """Return true that often."""
        return self.rng.random() < share

    def pick(self, odds: Odds[_T]) -> _T:
        """Return one of the words, by weight: as ``Random.choices`` does, without adding the weights up each time."""
        return odds.words[bisect(odds.sums, self.rng.random() * odds.sums[-1], 0, odds.last)]

    def yuan(self, low: int, high: int, bounds: Sequence[int] = ()) -> Decimal:
        """Return one of these bounds (in fen), or an amount between two in yuan, small ones likelier."""
        fen = min(self.rng.randint(low * 100, high * 100) for _ in range(2))
        if bounds and self.chance(ON_BOUND):
            fen = self.rng.choice(bounds)
        elif self.chance(IN_WHOLE_YUAN):
            fen -= fen % 100
        return Decimal(fen).scaleb(-2)

    def day(self, years: int = 4) -> date:
        """Return the day of an event: mostly of the past years, often an edge, now and then after as_of."""
        roll = self.rng.random()
        if roll < ON_EDGE:
            return self.rng.choice(_edges(self.as_of, WINDOW_MONTHS))
        if roll < ON_EDGE + AFTER_AS_OF:
            return self.as_of + self.rng.randint(1, 60) * _DAY
        day = self.days_back(0, years * _YEAR)
        return _month_end(day) if self.chance(ON_MONTH_END) else day

    def days_back(self, fewest: int, most: int) -> date:
        """Return a day so many days before as_of."""
        return self.as_of - self.rng.randint(fewest, most) * _DAY

    def record(self, required: Mapping[str, object], /, **optional: object) -> dict[str, object]:
        """Return a record: the required fields, and the optional ones but for those unknown."""
        chance = self.rng.random
        return {
            **required,
            **{name: value for name, value in optional.items() if value is not None and chance() >= UNKNOWN},
        }


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


@lru_cache
def _edges(as_of: date, months: tuple[int, ...]) -> tuple[date, ...]:
    """Return as_of, and the days so many months before it, with one day either side of each."""
    bounds = [as_of, *(as_of - relativedelta(months=n) for n in months)]
    return tuple(bound + offset * _DAY for bound in bounds for offset in (-1, 0, 1))


@lru_cache
def _expiries(as_of: date) -> tuple[date, ...]:
    """Return the edges of a cover's last day; some make it begin on as_of, or the day before or after."""
    year_on = as_of + relativedelta(years=1)
    return (*(as_of + n * _DAY for n in EXPIRY_DAYS), *(year_on + n * _DAY for n in (-2, -1, 0)))


def _visit_days(dice: _Dice, profile: Profile) -> list[date]:
    rng, days = dice.rng, list[date]()
    if count := rng.randint(*profile.visits):
        on_edge = dice.chance(ON_EDGE)
        last = rng.choice(_edges(dice.as_of, CHURN_MONTHS)) if on_edge else dice.days_back(*profile.absence)
        since = min(last, max(last - rng.randint(1, 2 * _YEAR) * _DAY, dice.days_back(4 * _YEAR, 4 * _YEAR)))
        for _ in range(count - 1):
            day = since + rng.randint(0, (last - since).days) * _DAY
            if dice.chance(ON_MONTH_END):
                day = min(_month_end(day), last)
            days.append(last if dice.chance(ON_SAME_DAY) else day)
        days.append(last)
    if dice.chance(AFTER_AS_OF):
        days.append(dice.as_of + rng.randint(1, 60) * _DAY)
    return sorted(days)


def _vehicles(dice: _Dice, number: int, visits: Sequence[date]) -> Iterator[dict[str, object]]:
    for n in range(dice.pick(VEHICLES)):
        before = visits[0] if visits and n == 0 and not dice.chance(ON_EDGE) else None
        bought = before - dice.rng.randint(20, 4 * _YEAR) * _DAY if before else dice.day(years=8)
        own = dice.chance(0.93)
        yield dice.record(
            {"vin": f"LXX{number:011d}{n + 1:03d}"},
            own_brand=own, brand="本品牌" if own else "其余品牌", model=dice.pick(MODELS) if own else None,
            purchased_on=bought, bought_here=own and dice.chance(0.85),
            warranty_until=months_before(bought, -12 * dice.rng.choice((2, 3))),
            mileage_km=max(0, (dice.as_of - bought).days) * dice.rng.randint(15, 60),
        )  # fmt: skip


def _visits(
    dice: _Dice, number: int, days: Sequence[date], vins: Sequence[object], bill: int
) -> Iterator[dict[str, object]]:
    for n, day in enumerate(days, 1):
        kind, status = dice.pick(VISIT_KINDS), dice.pick(STATUSES)
        low, high = BILLS[kind]
        yield dice.record(
            {"visit_id": f"W{number:06d}-{n:02d}", "visited_on": day},
            brought_by=dice.pick(BRINGERS),
            vin=dice.rng.choice(vins) if vins else None,
            kind=kind, status=status, paid_by=PAYERS.get(kind, "customer"),
            settled_on=day + dice.pick(DAYS_TO_SETTLE) * _DAY if status == "settled" else None,
            amount=dice.yuan(low * bill // 100, high * bill // 100),
            mileage_km=max(1_000, 90_000 - (dice.as_of - day).days * 40),
        )  # fmt: skip


def _insurance(dice: _Dice, number: int, vins: Sequence[object]) -> list[dict[str, object]]:
    """Return a customer's covers, made backward from the day on which the newest one expires."""
    covers: list[dict[str, object]] = []
    if not dice.chance(INSURED):
        return covers
    at_store, designated, years = dice.chance(0.75), dice.chance(0.65), dice.pick(COVER_YEARS)
    expires = (
        dice.rng.choice(_expiries(dice.as_of)) if dice.chance(2 * ON_EDGE) else dice.days_back(-364, 150)
    )
    for cover, ends_on, premium in (
        ("commercial", expires, (1_800, 7_000)),
        ("compulsory", expires + dice.rng.choice((0, 0, -14, 9)) * _DAY, (665, 1_100)),
    ):
        for _ in range(years):
            starts_on = months_before(ends_on + _DAY, dice.pick(MONTHS_OF_COVER))
            covers.append(
                dice.record(
                    {"policy_no": f"P{number:06d}-{len(covers) + 1:02d}", "starts_on": starts_on},
                    vin=vins[0] if vins else None,
                    cover=cover,
                    ends_on=ends_on,
                    at_store=at_store and not dice.chance(0.04),
                    designated_repair=cover == "commercial" and designated and not dice.chance(0.04),
                    premium=dice.yuan(*premium),
                )
            )
            gap = dice.rng.choice(GAP_DAYS) if dice.chance(RENEWED_OFF_DATE) else 0
            ends_on = starts_on - _DAY - gap * _DAY  # noqa: PLW2901 - of the cover before
    return covers


def _referrals(dice: _Dice, number: int) -> Iterator[dict[str, object]]:
    mostly = dice.pick(REFERRED)
    for n in range(dice.pick(REFERRALS)):
        kind = mostly if dice.chance(0.8) else "vehicle"
        yield dice.record(
            {"referral_id": f"R{number:06d}-{n + 1}", "succeeded_on": dice.day()},
            kind=kind,
            designated_repair=dice.chance(0.8) if kind == "insurance" else None,
        )


def _surveys(dice: _Dice, number: int) -> Iterator[dict[str, object]]:
    for n in range(dice.pick(SURVEYS)):
        satisfied = dice.chance(0.8)
        yield dice.record(
            {"survey_id": f"S{number:06d}-{n + 1}", "surveyed_on": dice.day(years=3)},
            source=dice.pick(SOURCES),
            satisfied=satisfied,
            score=dice.rng.randint(4, 5) if satisfied else dice.rng.randint(1, 3),
        )


def _contacts(dice: _Dice) -> Iterator[dict[str, object]]:
    answers = [(dice.pick(PURPOSES), dice.pick(RESULTS)) for _ in range(dice.pick(CONTACTS))]
    if dice.chance(REFUSES_ALWAYS):
        answers += [(purpose, "refused") for purpose in ("recall", "callback", "recall")]
        if dice.chance(0.3):
            answers.insert(-1, ("recall", "unreachable"))  # which does not break the run
    days = sorted(dice.day(years=2) for _ in answers)
    for day, (purpose, result) in zip(days, answers, strict=True):
        reason = dice.pick(REASONS) if result not in {"unreachable", "will_come"} else None
        yield dice.record({"contacted_on": day}, purpose=purpose, result=result, reason=reason)


def _customer(seed: int, number: int, as_of: date, household: str) -> dict[str, object]:
    dice = _Dice.of(seed, "customer", number, as_of)
    profile = dice.pick(PROFILE)
    days, region = _visit_days(dice, profile), dice.pick(REGIONS)
    vehicles = list(_vehicles(dice, number, days))
    vins = [vehicle["vin"] for vehicle in vehicles]
    customer = dice.record(
        {"customer_id": f"C{number:06d}"},
        kind=dice.pick(KINDS), store_id=dice.pick(STORES),
        region=region, in_territory=(region != "外地") ^ dice.chance(0.05),
        influential=dice.chance(0.04), media=dice.chance(0.06), out_of_reach=dice.chance(0.04),
        loyalty=dice.pick(profile.loyalty), household_id=household,
        channel=dice.pick(CHANNELS),
        attributes={"loyalty_index": dice.rng.randint(0, 100)},
    )  # fmt: skip
    return customer | {
        "vehicles": vehicles,
        "visits": list(_visits(dice, number, days, vins, profile.bill)),
        "insurance": _insurance(dice, number, vins),
        "referrals": list(_referrals(dice, number)),
        "surveys": list(_surveys(dice, number)),
        "suggestions": [
            dice.record({"made_on": dice.day()}, adopted=dice.chance(0.4))
            for _ in range(dice.pick(SUGGESTIONS))
        ],
        "contacts": list(_contacts(dice)),
    }


def _owns_brand(customer: Mapping[str, object], as_of: date) -> bool:
    """Return whether the customer has a vehicle that counts, as reading the tables would find."""
    vehicles = cast("list[dict[str, Any]]", customer["vehicles"])
    return any(v.get("own_brand") and v.get("purchased_on", date.max) <= as_of for v in vehicles)


def customers(count: int, *, as_of: date, seed: int = 2014) -> Iterator[dict[str, object]]:
    """Make nested customer records C000001, C000002 …, each from the seed and its own number alone.

    The edges lie around ``as_of``, some events after it; an unknown field is left out. Where ``household_id``
    is known, ``household_brand_owners`` is what the tables say (a last block of fewer than four aside).
    """
    for first in range(1, count + 1, SIZE_OF_BLOCK):
        sizes = _Dice.of(seed, "household", first, as_of).pick(HOUSEHOLDS)
        homes = [f"H{first:06d}-{n}" for n, size in enumerate(sizes, 1) for _ in range(size)]
        block = [_customer(seed, first + n, as_of, home) for n, home in enumerate(homes)]
        for customer in block[: count + 1 - first]:
            if home := customer.get("household_id"):
                members = (member for member in block if member.get("household_id") == home)
                customer["household_brand_owners"] = sum(_owns_brand(member, as_of) for member in members)
            yield customer


def _subject(name: str, number: int, dice: _Dice) -> dict[str, object]:
    day, on_bound = dice.day(years=2), dice.chance(ON_BOUND)
    month_end, any_customer = _month_end(day), f"C{dice.rng.randint(1, number):06d}"
    match name:
        case "recall_campaign":
            audience, target, returned = dice.rng.choice(CAMPAIGNS)
            return dice.record(
                {"campaign_id": f"RC{number:06d}"},
                starts_on=month_end.replace(day=1), ends_on=month_end, audience=audience, target=target,
                returned=returned if on_bound else dice.rng.randint(0, 180),
            )  # fmt: skip
        case "follow_up_result":
            surveyed, satisfied = dice.rng.choice(FOLLOW_UPS)
            return dice.record(
                {"result_id": f"FR{number:06d}"},
                period_end=month_end, department=dice.pick(DEPARTMENTS), cadence=dice.pick(CADENCES),
                surveyed=surveyed, satisfied=satisfied, headcount=dice.pick(HEADCOUNTS),
            )  # fmt: skip
        case "consultant_month":
            contacted, returned = dice.rng.choice(RECALLS)
            return dice.record(
                {"consultant_id": f"K{number:06d}"},
                period_end=month_end, returned=returned,
                contacted=contacted if on_bound else dice.rng.randint(1, 120),
            )  # fmt: skip
        case "repair_order":
            return dice.record(
                {"repair_id": f"RO{number:06d}"},
                customer_id=any_customer, completed_on=day, insured=dice.chance(0.75),
                amount=dice.yuan(100, 40_000, REPAIR_FEN), premium_prepaid=dice.yuan(0, 4_000, PREPAID_FEN),
                consultant_id=f"K{dice.rng.randint(1, number):06d}",
            )  # fmt: skip
        case _:  # purchase
            return dice.record(
                {"purchase_id": f"PU{number:06d}", "purchased_on": day}, customer_id=any_customer,
                amount=dice.yuan(20, 3_000, SPEND_FEN), prepaid_item=dice.pick(PREPAID_ITEMS),
            )  # fmt: skip


def subjects(count: int, *, as_of: date, seed: int = 2014) -> Iterator[tuple[str, dict[str, object]]]:
    """Make ``count`` records of the other subjects by turns, each with its subject's name.

    Most lie on the bound of a band, some after ``as_of``. They name customers among the first ``count`` only.
    """
    for index in range(count):
        turn, place = divmod(index, len(SUBJECTS))
        name, number = SUBJECTS[place], turn + 1
        yield name, _subject(name, number, _Dice.of(seed, name, number, as_of))


def _rows(count: int, as_of: date, seed: int) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the rows of a store's tables, each with its table."""
    for customer in customers(count, as_of=as_of, seed=seed):
        yield "customers", customer
        for table, events in customer.items():
            if isinstance(events, list):
                for event in events:
                    yield table, {"customer_id": customer["customer_id"], **event}
    for name, record in subjects(count, as_of=as_of, seed=seed):
        yield f"{name}s", record


def write_tables(
    directory: Path, *, count: int, as_of: date, seed: int = 2014, form: Literal["csv", "parquet"] = "csv"
) -> None:
    """Write a store as CSV or Parquet tables: ``count`` customers, and as many other subjects.

    Both forms hold the same; what is in memory does not grow with the store.

    Raises:
        RecordError: when Parquet is wanted and polars is not installed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write = _write_parquet if form == "parquet" else _write_csv
    write(directory, _rows(count, as_of, seed))


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _write_csv(directory: Path, rows: Iterable[tuple[str, Mapping[str, object]]]) -> None:
    with ExitStack() as places, ExitStack() as files:  # all are whole before the first is put in its place
        tables = {}
        for table, columns in COLUMNS.items():
            part = places.enter_context(replacing(directory / f"{table}.csv"))
            file = files.enter_context(part.open("w", encoding="utf-8", newline=""))
            tables[table] = csv.DictWriter(file, columns, lineterminator="\n")
            tables[table].writeheader()
        for table, row in rows:
            tables[table].writerow({name: _cell(row[name]) for name in COLUMNS[table] if name in row})


@contextmanager
def _parts_in(directory: Path) -> Iterator[str]:
    """Make a directory for parts of tables; that it goes in the end is nothing that the tables depend on."""
    try:
        made = mkdtemp(dir=directory, prefix=".parts-")
    except OSError as error:
        raise OutputError("not_written", directory, error.errno or EIO) from error
    try:
        yield made
    finally:
        with suppress(OSError):
            shutil.rmtree(made, ignore_errors=True)


def _write_parquet(directory: Path, rows: Iterable[tuple[str, Mapping[str, object]]]) -> None:
    """Write each table in parts, and then the parts as one file under the table's name."""
    try:
        import polars as pl  # noqa: PLC0415 - only who wants Parquet waits for it
    except ImportError:
        raise RecordError([FieldError(None, _SAYS["no_polars"]).at("", None, "")]) from None
    from dealerrules.intake.attributes import dtype_of  # noqa: PLC0415

    types = {subject.table: subject.fields for subject in records.SUBJECTS.values()}
    types.update({table.name: table.fields for table in records.TABLES.values()})
    waiting: dict[str, list[Mapping[str, object]]] = {table: [] for table in COLUMNS}
    parts: dict[str, list[Path]] = {table: [] for table in COLUMNS}
    with (
        _parts_in(directory) as scratch,
        ExitStack() as files,
    ):
        places = {table: files.enter_context(replacing(directory / f"{table}.parquet")) for table in COLUMNS}

        def put_away(table: str) -> None:
            columns = []
            for name, type_ in types[table].items():
                values = [row.get(name) for row in waiting[table]]
                # kilometres and points are made as whole numbers; money is Decimal already
                made = pl.Int64 if type_.kind in {Kind.DISTANCE, Kind.NUMBER} else dtype_of(type_)
                columns.append(pl.Series(name, values, dtype=made).cast(dtype_of(type_)))
            parts[table].append(Path(scratch, f"{table}-{len(parts[table])}.parquet"))
            pl.DataFrame(columns).write_parquet(parts[table][-1])
            waiting[table].clear()

        for table, row in rows:
            waiting[table].append(row)
            if len(waiting[table]) == ROWS_OF_PART:
                put_away(table)
        for table in COLUMNS:
            put_away(table)
            pl.scan_parquet(parts[table], glob=False).sink_parquet(places[table])


def write_jsonl(path: Path, *, count: int, as_of: date, seed: int = 2014) -> None:
    """Write the same store as JSON lines: the customers, then the others with their ``subject``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    store: Iterator[dict[str, object]] = chain(
        customers(count, as_of=as_of, seed=seed),
        ({"subject": name, **record} for name, record in subjects(count, as_of=as_of, seed=seed)),
    )
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(record, ensure_ascii=False, default=str) + "\n" for record in store)
