"""A large artificial store as Parquet, from a seed: what the whole-store benchmarks run on.

``python -m benchmarks.store DIR --customers 1000000 [--seed 2014]``

The tables are clean ones, as the library's readers hand them over: text ids, money as Decimal(18, 2) yuan, dates, null
where a field is not recorded. Per customer 10 visits, 3 covers, 1 referral, 1.1 vehicles, 1 contact, 0.3 surveys and 0.1
suggestions on average, over four years to 2014-09-30 and some after. Rows stand in no order, as in exports.

Every value is a hash of the seed, the table, the customer, the event's number and the column, so there is no state: any
part of any table can be made by itself, the same seed and size always give the same data, and memory is bounded by the
size of a chunk, whatever the size of the store.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Numbers = np.ndarray[Any, Any]
Columns = dict[str, pa.Array]

AS_OF = date(2014, 9, 30)
CHUNK = 125_000
"""Customers at a time."""
LANES = 8
"""A customer's events lie in so many places of a table, each in another chunk."""
DAY = (AS_OF - date(1970, 1, 1)).days
FOUR_YEARS = 1461
UNKNOWN = 0.06
"""How often a field is not recorded."""
EDGE = 8
"""A date in so many falls on a window's bound, or one day either side."""
BOUNDS = (
    "2014-09-30",
    "2014-08-30",
    "2014-06-30",
    "2014-03-30",
    "2013-09-30",
    "2013-03-30",
    "2012-09-30",
    "2011-09-30",
)
EDGES = np.array(
    [(date.fromisoformat(bound) - date(1970, 1, 1)).days + off for bound in BOUNDS for off in (-1, 0, 1)],
    dtype=np.int32,
)
"""The day, and the days 1, 3, 6, 12, 18, 24 and 36 months before it, with one day either side of each."""
GAPS = np.array([29, 30, 31, 45, -10, 0, 0, 0], dtype=np.int32)
EXPIRIES = np.array([-31, -30, -1, 0, 1, 59, 60, 61, 363, 364, 365, 366], dtype=np.int32)

# Words and their weights.
KINDS = {"individual": 88, "company": 12}
REGIONS = {
    "市里": 83, "外地": 69, "石狮": 19, "晋江": 59, "惠安": 27, "永春": 15, "德化": 26, "安溪": 111,
    "南安": 87, "泉港": 11, "水头": 10,
}  # fmt: skip
LOYALTY = ({"low": 5, "medium": 30, "high": 65}, {"low": 45, "medium": 40, "high": 15})
MODELS = {"欧朗": 4, "B50": 63, "B70": 11, "B90": 3, "X80": 28, "红旗": 1}
VISIT_KINDS = {
    "maintenance": 50, "repair": 20, "body": 8, "warranty": 7, "claim": 6, "inspection": 6, "other": 3,
}  # fmt: skip
STATUSES = {"settled": 88, "open": 5, "cancelled": 4, "deleted": 3}
SOURCES = {"csi": 45, "ssi": 35, "store": 20}
PURPOSES = {"recall": 35, "reminder": 25, "callback": 30, "complaint": 10}
RESULTS = {
    "reached": 45, "unreachable": 15, "refused": 12, "not_interested": 10, "distrusts": 6, "will_come": 12,
}  # fmt: skip
REASONS = {"service": 30, "location": 30, "price": 40, "reminder": 20}

# How groups of customers behave: their share, visits (fewest, most), days since the last one (fewest, most).
PROFILES = {0: 20, 1: 30, 2: 20, 3: 22, 4: 8}
VISITS = np.array([(16, 28), (8, 16), (3, 9), (1, 7), (0, 0)], dtype=np.int32)
ABSENCE = np.array([(0, 180), (0, 365), (183, 730), (730, 1460), (0, 1)], dtype=np.int32)
# How many events a customer has.
HOW_MANY = {
    "vehicles": {0: 3, 1: 86, 2: 9, 3: 2},
    "insurance": {0: 15, 1: 17, 2: 17, 3: 17, 4: 17, 5: 10, 6: 7},
    "referrals": {0: 48, 1: 24, 2: 14, 3: 9, 4: 5},
    "surveys": {0: 79, 1: 14, 2: 5, 3: 2},
    "suggestions": {0: 92, 1: 6, 2: 2},
    "contacts": {0: 46, 1: 28, 2: 14, 3: 7, 4: 3, 5: 2},
}
HOUSEHOLDS = np.array([(0, 1, 2, 3)] * 27 + [(0, 0, 1, 2)] * 3 + [(0, 0, 1, 1), (0, 0, 0, 1)], dtype=np.int8)
"""Which of a block's four customers live together."""


# ---------------------------------------------------------------------------------------------------
# Chance without state


def hashed(seed: int, what: str, *numbers: Numbers | int) -> Numbers:
    """Return 64 well-mixed bits for each row, from the seed, a word and numbers (splitmix64)."""
    key = seed
    for letter in what.encode():
        key = (key * 1_000_003 ^ letter) & 0xFFFFFFFFFFFFFFFF
    mixed: Any = np.uint64(key)
    with np.errstate(over="ignore"):
        for number in numbers:
            mixed = mixed + np.asarray(number, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
    return np.atleast_1d(mixed)


def part(bits: Numbers, at: int) -> Numbers:
    """Return sixteen of the bits: the first, second, third or fourth quarter."""
    return (bits >> np.uint64(16 * at)).astype(np.uint16)


def below(bits: Numbers, at: int, bound: Numbers | int) -> Numbers:
    """Return a whole number from 0 to `bound`, itself left out."""
    return ((part(bits, at).astype(np.int64) * bound) >> 16).astype(np.int32)


def happens(bits: Numbers, at: int, share: float) -> Numbers:
    """Return true in that share of the rows."""
    return part(bits, at) < np.uint16(share * 65536)


def picks(weights: Mapping[Any, int], unknown: float = 0.0) -> Numbers:
    """Return a table from sixteen bits to the place of a key, by weight; -1 is unknown."""
    counts = np.array(list(weights.values()), dtype=np.float64)
    shares = np.round(counts / counts.sum() * (1 - unknown) * 65536).astype(np.int64)
    table = np.full(65536, -1 if unknown else len(counts) - 1, dtype=np.int8)
    table[: shares.sum()] = np.repeat(np.arange(len(counts), dtype=np.int8), shares)[:65536]
    return table


# ---------------------------------------------------------------------------------------------------
# Arrow columns


def validity(known: Numbers | None) -> pa.Buffer | None:
    """Return which values are known, as Arrow has it."""
    return None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))


def fixed(type_: pa.DataType, values: Numbers, known: Numbers | None = None) -> pa.Array:
    """Return a column of values of fixed width."""
    return pa.Array.from_buffers(type_, len(values), [validity(known), pa.py_buffer(values)])


def days(values: Numbers, known: Numbers | None = None) -> pa.Array:
    """Return a column of dates."""
    return fixed(pa.date32(), np.ascontiguousarray(values, dtype=np.int32), known)


def flags(values: Numbers, known: Numbers | None = None) -> pa.Array:
    """Return a column of true and false."""
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [validity(known), bits])


def decimals(values: Numbers, scale: int, known: Numbers | None = None) -> pa.Array:
    """Return a column of decimals, from whole numbers of their last place."""
    wide = np.zeros((len(values), 2), dtype=np.int64)
    wide[:, 0] = values
    return fixed(pa.decimal128(18 if scale == 2 else 20, scale), wide, known)


def words(keys: Sequence[str], places: Numbers) -> pa.Array:
    """Return a column of words; place -1 is unknown."""
    codes = pa.array(places, mask=places < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(keys)).dictionary_decode()


def names(prefix: str, width: int, *numbers: tuple[Numbers, int], known: Numbers | None = None) -> pa.Array:
    """Return a column of ids: the prefix, then each number in so many digits."""
    head = prefix.encode()
    length = len(head) + width
    text = np.empty((len(numbers[0][0]), length), dtype=np.uint8)
    text[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    at = len(head)
    for values, digits in numbers:
        rest = values.astype(np.int64)
        for place in range(at + digits - 1, at - 1, -1):
            rest, last = np.divmod(rest, 10)
            text[:, place] = last + 48
        at += digits
    offsets = np.arange(len(text) + 1, dtype=np.int32) * length
    buffers = [validity(known), pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(text), buffers)


# ---------------------------------------------------------------------------------------------------
# The store


class Store:
    """A store of some size from a seed; each method makes the columns of some events of some customers."""

    def __init__(self, customers: int, seed: int) -> None:
        self.size, self.seed = customers, seed

    def bits(self, what: str, *numbers: Numbers | int) -> Numbers:
        """Return bits for each row, of this store."""
        return hashed(self.seed, what, *numbers)

    def customer_ids(self, who: Numbers) -> pa.Array:
        """Return the ids of customers."""
        return names("C", 8, (who + 1, 8)) if self.size >= 10_000_000 else names("C", 7, (who + 1, 7))

    # --- behaviour ---

    def profile(self, who: Numbers) -> Numbers:
        """Return how customers behave, as a place in `PROFILES`."""
        return picks(PROFILES)[part(self.bits("profile", who), 0)]

    def last_seen(self, who: Numbers, profile: Numbers) -> Numbers:
        """Return the day of the latest visit, but for those in the days to come."""
        bits = self.bits("last", who)
        fewest, most = ABSENCE[profile, 0], ABSENCE[profile, 1]
        day = DAY - fewest - below(bits, 0, most - fewest)
        edge = EDGES[below(bits, 1, len(EDGES))]
        return np.where(part(bits, 2) < 65536 // EDGE, np.minimum(edge, DAY), day)

    def day(self, bits: Numbers, span: int) -> Numbers:
        """Return the day of an event within a span back from the day: some on an edge, some after it."""
        usual = DAY - below(bits, 0, span)
        edge = EDGES[below(bits, 1, len(EDGES))]
        later = DAY + 1 + below(bits, 1, 60)
        kind = part(bits, 2)
        return np.where(kind < 65536 // EDGE, edge, np.where(kind >= 65536 - 65536 // 33, later, usual))

    def count(self, table: str, who: Numbers) -> Numbers:
        """Return how many events of a table customers have."""
        if table == "visits":
            profile = self.profile(who)
            fewest, most = VISITS[profile, 0], VISITS[profile, 1]
            return fewest + below(self.bits("visits", who), 0, most - fewest + 1)
        weights = HOW_MANY[table]
        usual = np.array(list(weights), dtype=np.int32)[picks(weights)[part(self.bits(table, who), 0)]]
        if table == "insurance":  # of some, the compulsory cover is known too
            return usual + self.also_compulsory(who)
        return np.where(self.refuses(who), 4, usual) if table == "contacts" else usual

    def also_compulsory(self, who: Numbers) -> Numbers:
        """Return 1 where a compulsory cover is known too."""
        return happens(self.bits("compulsory", who), 0, 0.38).astype(np.int32)

    def refuses(self, who: Numbers) -> Numbers:
        """Tell who refuses every callback."""
        return happens(self.bits("refuses", who), 0, 0.02)

    # --- tables: who (customers), number (of the event), row (in the table) ---

    def customers(self, who: Numbers, _number: Numbers, _row: Numbers) -> Columns:
        """Return the customers themselves."""
        one, two, three, four = (self.bits(f"customer-{n}", who) for n in range(4))
        profile = self.profile(who)
        region = picks(REGIONS, UNKNOWN)[part(one, 0)]
        loyal = np.where(
            profile == 0,
            picks(LOYALTY[0], UNKNOWN)[part(one, 1)],
            picks(LOYALTY[1], UNKNOWN)[part(one, 1)],
        )
        block, place = np.divmod(who, 4)
        home = HOUSEHOLDS[below(self.bits("household", block), 0, len(HOUSEHOLDS)), place]
        return {
            "customer_id": self.customer_ids(who),
            "kind": words(list(KINDS), picks(KINDS, UNKNOWN)[part(one, 2)]),
            "store_id": words(["S01", "S02"], picks({1: 70, 2: 30}, UNKNOWN)[part(one, 3)]),
            "region": words(list(REGIONS), region),
            "in_territory": flags((region != 1) ^ happens(two, 0, 0.05), ~happens(two, 1, UNKNOWN)),
            "influential": flags(happens(two, 2, 0.02), ~happens(two, 3, UNKNOWN)),
            "media": flags(happens(three, 0, 0.05), ~happens(three, 1, UNKNOWN)),
            "out_of_reach": flags(happens(three, 2, 0.04), ~happens(three, 3, UNKNOWN)),
            "loyalty": words(["low", "medium", "high"], loyal),
            "household_id": names("H", 9, (block + 1, 8), (home, 1), known=~happens(four, 1, UNKNOWN)),
            "channel": words(["store", "second_tier"], picks({1: 88, 2: 12}, UNKNOWN)[part(four, 0)]),
        }

    def vehicles(self, who: Numbers, number: Numbers, _row: Numbers) -> Columns:
        """Return vehicles, most of the brand."""
        one, two, three = (self.bits(f"vehicle-{n}", who, number) for n in range(3))
        bought = self.day(one, 2 * FOUR_YEARS)
        own = happens(two, 0, 0.93)
        model = np.where(own, picks(MODELS, UNKNOWN)[part(two, 1)], np.int8(-1))
        known = ~happens(one, 3, 0.03)
        return {
            "vin": names("LXX", 14, (who + 1, 11), (number + 1, 3)),
            "customer_id": self.customer_ids(who),
            "own_brand": flags(own, ~happens(two, 2, UNKNOWN)),
            "brand": words(["本品牌", "其余品牌"], np.where(own, 0, 1).astype(np.int8)),
            "model": words(list(MODELS), model),
            "purchased_on": days(bought, known),
            "bought_here": flags(own & happens(two, 3, 0.8), ~happens(three, 0, UNKNOWN)),
            "warranty_until": days(bought + np.where(happens(three, 1, 0.5), 730, 1095), known),
            "mileage_km": decimals(
                np.maximum(0, DAY - bought).astype(np.int64) * (15 + below(three, 2, 45)) * 1_000_000,
                6,
                ~happens(three, 3, UNKNOWN),
            ),
        }

    def visits(self, who: Numbers, number: Numbers, row: Numbers) -> Columns:
        """Return visits: the first is the latest one."""
        profile = self.profile(who)
        last = self.last_seen(who, profile)
        one, two, three = (self.bits(f"visit-{n}", who, number) for n in range(3))
        start = DAY - FOUR_YEARS
        day = start + below(one, 0, np.maximum(last - start, 1))
        day = np.where(happens(one, 1, 0.06) | (number == 0), last, day)  # several on the latest day
        # Some who had been away long came back of late.
        back = (number == 0) & (profile >= 2) & happens(self.bits("returned", who), 0, 0.06)
        day = np.where(back, DAY - below(one, 0, 45), day)
        day = np.where(happens(one, 2, 0.02), DAY + 1 + below(one, 0, 60), day)
        kind = picks(VISIT_KINDS, UNKNOWN)[part(two, 0)]
        status = picks(STATUSES, UNKNOWN)[part(two, 1)]
        fen = np.minimum(part(three, 0), part(three, 1)).astype(np.int64) * np.where(profile == 0, 24, 8)
        fen -= np.where(part(one, 3) < 26_000, fen % 100, 0)  # many in whole yuan
        payer = np.array([0, 0, 1, 2, 1, 0, 0, 0], dtype=np.int8)[kind]
        return {
            "visit_id": names("W", 10, (row, 10)),
            "customer_id": self.customer_ids(who),
            "brought_by": words(
                ["owner", "relative", "driver"], picks({1: 75, 2: 15, 3: 10}, UNKNOWN)[part(two, 2)]
            ),
            "vin": names("LXX", 14, (who + 1, 11), (np.ones_like(who), 3), known=~happens(two, 3, UNKNOWN)),
            "visited_on": days(day),
            "kind": words(list(VISIT_KINDS), kind),
            "status": words(list(STATUSES), status),
            "settled_on": days(day + (part(three, 2) >> np.uint16(13)), status == 0),
            "amount": decimals(fen, 2, ~happens(three, 3, UNKNOWN)),
            "paid_by": words(["customer", "insurer", "maker"], payer),
            "mileage_km": decimals(
                np.maximum(1_000, 90_000 - (DAY - day) * 40).astype(np.int64) * 1_000_000, 6
            ),
        }

    def insurance(self, who: Numbers, number: Numbers, row: Numbers) -> Columns:
        """Covers backward from the one that ends last; a compulsory one, where known, is the first."""
        compulsory = (number == 0) & (self.also_compulsory(who) == 1)
        back = np.where(compulsory, 0, number - self.also_compulsory(who))  # years before the newest
        own = self.bits("cover", who)
        ends = np.where(
            part(own, 0) < 65536 // 4,
            DAY + EXPIRIES[below(own, 1, len(EXPIRIES))],
            DAY - 150 + below(own, 1, 514),
        ).astype(np.int32)
        for year in range(int(back.max(initial=0))):
            bits = self.bits("gap", who, year)
            gap = np.where(happens(bits, 0, 0.15), GAPS[below(bits, 1, len(GAPS))], 0)
            ends = np.where(back > year, ends - self.length(who, year) - gap, ends)
        one, two = (self.bits(f"cover-{n}", who, number) for n in range(2))
        begins = ends + 1 - self.length(who, back)
        designated = happens(own, 2, 0.42) & ~happens(one, 0, 0.05) & ~compulsory
        return {
            "policy_no": names("P", 10, (row, 10)),
            "customer_id": self.customer_ids(who),
            "vin": names("LXX", 14, (who + 1, 11), (np.ones_like(who), 3), known=~happens(two, 0, UNKNOWN)),
            "cover": words(
                ["commercial", "compulsory"],
                np.where(happens(two, 1, 0.02), -1, compulsory.astype(np.int8)).astype(np.int8),
            ),
            "starts_on": days(begins),
            "ends_on": days(ends, ~happens(one, 1, 0.02)),
            "at_store": flags(happens(own, 3, 0.78) & ~happens(one, 2, 0.03), ~happens(one, 3, 0.02)),
            "designated_repair": flags(designated, ~happens(two, 2, 0.03)),
            "premium": decimals(
                180_000 + part(two, 3).astype(np.int64) * 8,
                2,
                ~happens(self.bits("premium", row), 0, UNKNOWN),
            ),
        }

    def length(self, who: Numbers, year: Numbers | int) -> Numbers:
        """Return the days of the cover so many years before the newest: mostly a year."""
        return np.where(happens(self.bits("length", who, year), 0, 0.04), 181, 365).astype(np.int32)

    def referrals(self, who: Numbers, number: Numbers, row: Numbers) -> Columns:
        """Return referrals."""
        one, two = (self.bits(f"referral-{n}", who, number) for n in range(2))
        kind = picks({"vehicle": 65, "insurance": 35}, UNKNOWN)[part(two, 0)]
        return {
            "referral_id": names("R", 10, (row, 10)),
            "customer_id": self.customer_ids(who),
            "kind": words(["vehicle", "insurance"], kind),
            "succeeded_on": days(self.day(one, FOUR_YEARS)),
            "designated_repair": flags(happens(two, 1, 0.75), (kind == 1) & ~happens(two, 2, UNKNOWN)),
        }

    def surveys(self, who: Numbers, number: Numbers, row: Numbers) -> Columns:
        """Return surveys."""
        one, two = (self.bits(f"survey-{n}", who, number) for n in range(2))
        satisfied = happens(two, 1, 0.8)
        return {
            "survey_id": names("S", 10, (row, 10)),
            "customer_id": self.customer_ids(who),
            "surveyed_on": days(self.day(one, 1096)),
            "source": words(list(SOURCES), picks(SOURCES, UNKNOWN)[part(two, 0)]),
            "satisfied": flags(satisfied, ~happens(two, 2, UNKNOWN)),
            "score": decimals(
                np.where(satisfied, 4, 1).astype(np.int64) * 1_000_000, 6, ~happens(two, 3, UNKNOWN)
            ),
        }

    def suggestions(self, who: Numbers, number: Numbers, _row: Numbers) -> Columns:
        """Return suggestions."""
        one, two = (self.bits(f"suggestion-{n}", who, number) for n in range(2))
        return {
            "customer_id": self.customer_ids(who),
            "made_on": days(self.day(one, FOUR_YEARS)),
            "adopted": flags(happens(two, 0, 0.4), ~happens(two, 1, UNKNOWN)),
        }

    def contacts(self, who: Numbers, number: Numbers, _row: Numbers) -> Columns:
        """Return contacts; who refuses, refuses nearly always."""
        one, two = (self.bits(f"contact-{n}", who, number) for n in range(2))
        day = self.day(one, 731)
        first = self.day(self.bits("contact-0", who, 0), 731)
        day = np.where(happens(one, 3, 0.06), first, day)  # several on one day
        refuses = self.refuses(who)
        purpose = picks(PURPOSES, UNKNOWN)[part(two, 0)]
        result = picks(RESULTS, UNKNOWN)[part(two, 1)]
        reason = picks(REASONS, 0.3)[part(two, 2)]
        return {
            "customer_id": self.customer_ids(who),
            "contacted_on": days(day),
            "purpose": words(list(PURPOSES), np.where(refuses, (number % 2 * 2).astype(np.int8), purpose)),
            "result": words(list(RESULTS), np.where(refuses & happens(two, 3, 0.9), np.int8(2), result)),
            "reason": words(list(REASONS), np.where((result == 1) | (result == 5), np.int8(-1), reason)),
        }

    # --- rows in no order ---

    def scattered(self, table: str, lane: int, first: int, last: int) -> Numbers:
        """Return the customers at some places of a lane: another order of all customers in each."""
        bits = self.bits(f"order-{table}", lane)
        step = int(bits[0] % np.uint64(self.size)) | 1
        while gcd(step, self.size) != 1:
            step += 2
        places = np.arange(first, last, dtype=np.int64)
        return (places * step + int(bits[0] >> np.uint64(40))) % self.size

    def chunk(self, table: str, first: int, last: int) -> tuple[Numbers, Numbers]:
        """Return the customers and the numbers of the events that stand together in a part of a table."""
        if table == "customers":
            who = self.scattered(table, 0, first, last)
            number = np.zeros_like(who)
        else:
            found = []
            for lane in range(LANES):
                owners = self.scattered(table, lane, first, last)
                counts = self.count(table, owners)
                for at in range(lane, int(counts.max(initial=0)), LANES):
                    having = owners[counts > at]
                    found.append((having, np.full_like(having, at)))
            who = np.concatenate([one for one, _ in found] or [np.empty(0, np.int64)])
            number = np.concatenate([one for _, one in found] or [np.empty(0, np.int64)])
        order = np.argsort(self.bits(f"shuffle-{table}", who, number), kind="stable")
        return who[order], number[order]

    def write(self, directory: Path, table: str) -> int:
        """Write one table, a chunk at a time; return how many rows it has."""
        make: Callable[[Numbers, Numbers, Numbers], Columns] = getattr(self, table)
        writer: pq.ParquetWriter | None = None
        rows = 0
        path = directory / f"{table}.parquet"
        for first in range(0, self.size, CHUNK):
            who, number = self.chunk(table, first, min(first + CHUNK, self.size))
            made = pa.table(make(who, number, np.arange(rows, rows + len(who), dtype=np.int64) + 1))
            rows += len(who)
            writer = writer or pq.ParquetWriter(path, made.schema, compression="zstd", compression_level=1)
            writer.write_table(made, row_group_size=1 << 20)
        if writer is not None:
            writer.close()
        return rows


TABLES = ("visits", "insurance", "vehicles", "customers", "referrals", "contacts", "surveys", "suggestions")


def write_store(directory: Path, customers: int, seed: int = 2014) -> dict[str, int]:
    """Write a store's tables; return how many rows each has."""
    directory.mkdir(parents=True, exist_ok=True)
    store = Store(customers, seed)
    with ThreadPoolExecutor(2) as threads:
        return dict(
            zip(TABLES, threads.map(lambda table: store.write(directory, table), TABLES), strict=True)
        )


def main() -> None:
    """Write a store."""
    wanted = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    wanted.add_argument("directory", type=Path)
    wanted.add_argument("--customers", type=int, default=1_000_000)
    wanted.add_argument("--seed", type=int, default=2014)
    asked = wanted.parse_args()
    for table, rows in write_store(asked.directory, asked.customers, asked.seed).items():
        print(f"{table:<12} {rows:>12,}")


if __name__ == "__main__":
    main()
