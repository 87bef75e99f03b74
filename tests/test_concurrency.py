"""Concurrency: one loaded book, used by many threads and processes at once, gives the answers that one thread gets.

``CONCURRENCY_ROUNDS=200`` races more often; by itself, a few times. Runs without a global interpreter lock too.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import sysconfig
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dealerrules as dr
from dealerrules import demo
from dealerrules.records import read_record
from dealerrules.replay import replay
from dealerrules.values import read_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
DAY = "2014-09-30"
ROUNDS = int(os.environ.get("CONCURRENCY_ROUNDS", "1"))
THREADS = 8
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")


@cache
def shipped() -> dr.PolicyBook:
    return dr.load(ROOT / "policies")


def fresh() -> dr.PolicyBook:
    """Return a book that has not been used yet."""
    book: dr.PolicyBook = pickle.loads(pickle.dumps(shipped()))
    return book


@cache
def store() -> list[tuple[str, dict[str, Any]]]:
    day = read_date(DAY)
    people = [("customer", customer) for customer in demo.customers(4, as_of=day)]
    others = {name: (name, record) for name, record in demo.subjects(20, as_of=day)}  # one of each subject
    return people + list(others.values())


def asked(book: dr.PolicyBook, turn: int = 0) -> dict[int, Any]:
    """Ask a book about everything, each time in another order; return the answers by what was asked."""
    questions = [partial(one, book, *each, told=at % 4 == 1) for at, each in enumerate(store())]
    questions += [
        lambda: book.fingerprint,
        lambda: sorted(book.decisions),
        lambda: {subject: sorted(facts) for subject, facts in book.facts.items()},
        lambda: book.evaluate_facts(
            "customer", {"visits_past_year": 5, "loyalty": "high"}, as_of=DAY
        ).to_dict(),
        lambda: book.evaluate_facts(
            "customer", {"visits_past_year": 5}, as_of=DAY, decisions=("tier",)
        ).to_dict(),
        lambda: [
            str(error)
            for error in book.evaluate_many(
                [{"customer_id": "C1"}, {"customer_id": ""}, {"regoin": 1}], as_of=DAY, on_error="skip"
            ).errors
        ],
        lambda: book.program("customer", ["tier"], as_of=DAY).source(),
    ]
    order = sorted(range(len(questions)), key=lambda at: (at * 7 + turn * 13) % 101)
    return {at: questions[at]() for at in order}


def one(book: dr.PolicyBook, subject: str, record: dict[str, Any], *, told: bool) -> Any:
    answer = book.evaluate(record, as_of=DAY, subject=subject)
    return answer.to_dict(), answer.explain("zh").text if told else ""


@cache
def expected() -> dict[int, Any]:
    return asked(fresh())


@pytest.fixture(autouse=True)
def hurried() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Do something in many threads that all begin at the same moment; raise what any of them raises."""
    barrier = threading.Barrier(threads)

    def begin(turn: int) -> Any:
        barrier.wait()
        return work(turn)

    with ThreadPoolExecutor(threads) as pool:
        return [each.result() for each in [pool.submit(begin, turn) for turn in range(threads)]]


# ---------------------------------------------------------------------------------------------------
# Threads


def test_threads_that_use_a_book_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs, facts and fingerprints are made by whoever comes first: all threads come at once."""
    for _ in range(ROUNDS):
        book = fresh()
        found = together(partial(asked, book))
        assert all(each == expected() for each in found)
    with capsys.disabled():
        if ROUNDS > 2:
            answers = ROUNDS * THREADS * len(expected())
            sys.stdout.write(
                f"\n{answers:,} questions by {THREADS} threads, GIL {'on' if gil() else 'off'}\n"
            )


def gil() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def test_the_interpreter_without_a_lock_stays_without_one() -> None:
    """No module that the library loads brings the global interpreter lock back."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("this Python has a global interpreter lock")
    assert asked(fresh()) == expected()
    assert not gil()


def test_threads_that_load_policies() -> None:
    text = (ROOT / "policies/tiers.yaml").read_text(encoding="utf-8").replace("at_least: 5", "at_least: 4")
    folder = str(ROOT / "policies")

    def load(turn: int) -> tuple[str, str]:
        if turn % 2:
            return dr.load(folder).fingerprint, ""
        with pytest.raises(dr.PolicyError) as error:
            dr.loads(text + f"\n  broken-{turn}: 1\n")
        return shipped().fingerprint, error.value.diagnostics[0].code

    found = together(load, 4)
    assert found == [(shipped().fingerprint, code) for code in (found[0][1], "") * 2]


def test_threads_that_share_an_answer() -> None:
    """What an answer makes on demand is made the same by all."""
    for subject, record in store()[1 :: 5 // ROUNDS or 1]:
        book = fresh()
        answer = book.evaluate(record, as_of=DAY, subject=subject)
        alone = shipped().evaluate(record, as_of=DAY, subject=subject)
        told = (
            alone.to_dict(),
            alone.explain("en").text,
            alone.explain("zh").html,
            dict(alone),
            hash(str(alone)),
        )

        def tell(_: int, answer: dr.Answer = answer) -> Any:
            return (
                answer.to_dict(),
                answer.explain("en").text,
                answer.explain("zh").html,
                dict(answer),
                hash(str(answer)),
            )

        assert together(tell) == [told] * THREADS


def test_threads_that_replay() -> None:
    customers = [
        (subject, read_record(record, subject)) for subject, record in store() if subject == "customer"
    ]
    answers = [shipped().evaluate(record, as_of=DAY).to_dict() for _, record in customers]
    book = fresh()
    found = together(lambda _: replay(book, answers, customers).to_dict())
    assert found == [replay(shipped(), answers, customers).to_dict()] * THREADS
    assert found[0]["differences"] == []


def test_threads_that_evaluate_frames() -> None:
    pl = pytest.importorskip("polars")
    people = pl.DataFrame({"customer_id": [f"C{n}" for n in range(50)], "loyalty": ["low", "high"] * 25})
    visits = pl.DataFrame(
        {"customer_id": [f"C{n % 50}" for n in range(300)], "visited_on": [read_date(DAY)] * 300}
    )
    tables, wanted = {"customers": people, "visits": visits}, ("churn_stage", "tier")
    alone = shipped().evaluate_frame(tables, as_of=DAY, decisions=wanted)
    book = fresh()
    found = together(lambda _: book.evaluate_frame(tables, as_of=DAY, decisions=wanted), 4)
    assert all(each.equals(alone) for each in found)


def test_threads_that_ask_durable_rules() -> None:
    pytest.importorskip("durable_rules_engine")
    facts = {"referred_vehicles": 3, "visits_past_year": 5, "loyalty": "high"}
    known = set(shipped().facts["customer"])
    given = {name: value for name, value in facts.items() if name in known}

    def ask(book: dr.PolicyBook) -> Any:
        return book.evaluate_facts(
            "customer", given, as_of=DAY, decisions=("churn_class",), engine="durable"
        ).to_dict()

    book = fresh()
    assert together(lambda _: ask(book)) == [ask(fresh())] * THREADS


# ---------------------------------------------------------------------------------------------------
# Processes

PROCESS = """
import json, os, signal, sys, threading, time
import dealerrules as dr
sys.path.insert(0, TESTS)
DAY = "2014-09-30"

def forked(work, seconds=60):
    "Do something in a fork; return its exit code, -14 when it hangs."
    child = os.fork()
    if not child:
        code = 1
        try:
            signal.alarm(seconds)
            sys.setswitchinterval(0.005)
            code = 0 if work() else 2
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\\n")
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def process(text: str) -> Any:
    """Run a script in a Python of its own, which no library has started threads in; return what it prints as JSON."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    script = f"TESTS = {str(ROOT / 'tests')!r}\n{PROCESS}\nROUNDS = {ROUNDS}\n{text}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True, text=True, encoding="utf-8", env=environment, check=False, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_forks_of_a_process_with_a_book() -> None:
    """A book that is loaded, and has been used or not, answers in forks as it does in the parent."""
    found = process("""
import test_concurrency as t
new, used = t.fresh(), t.fresh()
expected = t.asked(used)
codes = [forked(lambda: t.asked(book, turn) == expected) for turn in range(ROUNDS) for book in (new, used)]
print(json.dumps(codes))
""")
    assert found == [0] * 2 * ROUNDS


def test_forks_while_threads_evaluate() -> None:
    """A fork takes one thread along and no others: what these held must not be waited for."""
    if not gil():
        pytest.skip("without a global interpreter lock Python's own locks of objects may stay held in a fork")
    found = process("""
import test_concurrency as t
expected = t.expected()
books = [t.fresh()]
stop = threading.Event()

def evaluate(turn):
    while not stop.is_set():
        t.asked(books[-1], turn)

threads = [threading.Thread(target=evaluate, args=(turn,)) for turn in range(3)]
for each in threads: each.start()
sys.setswitchinterval(1e-5)
codes = []
for turn in range(3 * ROUNDS):
    books.append(t.fresh())
    codes.append(forked(lambda: t.asked(books[-1], turn) == expected))
stop.set()
for each in threads: each.join()
print(json.dumps(codes))
""")
    assert found == [0] * 3 * ROUNDS


def test_a_fork_while_a_thread_works_something_out() -> None:
    """Python 3.11 holds a lock while a cached property is worked out; a fork in that moment must not wait for it."""
    found = process("""
import dealerrules.book as room
book = dr.loads("policy: p\\ndecisions: {d: {kind: stage, measure: visits_past_year, stages: {few: {from: 0}}}}")
inside, go_on, real = threading.Event(), threading.Event(), room.fingerprint

def slow(editions):
    inside.set()
    go_on.wait()
    return real(editions)

room.fingerprint = slow
thread = threading.Thread(target=lambda: book.fingerprint)
thread.start()
inside.wait()
room.fingerprint = real
code = forked(lambda: book.fingerprint == real(book.editions), 20)
go_on.set()
thread.join()
print(json.dumps(code))
""")
    assert found == 0


def test_a_fork_while_a_thread_builds_the_records() -> None:
    found = process("""
import dealerrules.records as room
inside, go_on = threading.Event(), threading.Event()

def build():
    with room._building:
        inside.set()
        go_on.wait()

thread = threading.Thread(target=build)
thread.start()
inside.wait()
code = forked(lambda: room.read_record({"customer_id": "C1"}).customer_id == "C1", 20)
go_on.set()
thread.join()
print(json.dumps(code))
""")
    assert found == 0


def test_threads_that_build_the_records_first() -> None:
    """The validators of records are built on first use: many threads at once, in a fork that has none yet."""
    found = process("""
from dealerrules.records import Customer, RecallCampaign, read_record
given = {"customer_id": "C1", "kind": "individual", "visits": [{"visited_on": "2014-09-30", "amount": "680.00"}]}
assert not Customer.__pydantic_complete__

def race():
    sys.setswitchinterval(1e-6)
    barrier, found = threading.Barrier(8), []
    def build(turn):
        barrier.wait()
        name, data = [("customer", given), ("recall_campaign", {"campaign_id": "x", "target": 3})][turn % 2]
        found.append(repr(read_record(data, name)) if turn < 4 else repr((Customer, RecallCampaign)[turn % 2](**data)))
    threads = [threading.Thread(target=build, args=(turn,)) for turn in range(8)]
    for each in threads: each.start()
    for each in threads: each.join()
    return len(found) == 8 and len(set(found)) == 2 and all("680" in each or "target=3" in each for each in found)

print(json.dumps([forked(race) for _ in range(5 * ROUNDS)]))
""")
    assert found == [0] * 5 * ROUNDS


def test_an_interrupt_while_the_records_are_built() -> None:
    """At lines of pydantic's own, too: what was half built is not taken for whole by the next who reads a record."""
    found = process("""
import pydantic
from dealerrules.records import Customer, read_record
given = {"customer_id": "C1", "kind": "individual", "visits": [{"visited_on": "2014-09-30", "amount": "680.00"}]}
where = (os.path.dirname(pydantic.__file__), os.path.dirname(dr.__file__))

def interrupted(at):
    seen = 0
    planted = KeyboardInterrupt("planted")
    def line(frame, event, _):
        nonlocal seen
        if event == "line":
            seen += 1
            if seen == at:
                raise planted
        return line
    sys.settrace(lambda frame, *_: line if frame.f_code.co_filename.startswith(where) else None)
    try:
        read_record(given)
        return seen
    except KeyboardInterrupt as error:
        sys.settrace(None)
        assert error is planted
        for bad in ({"customer_id": "C1", "kind": "nobody"}, {"customer_id": ""}):
            try:
                read_record(bad)
                return False
            except dr.RecordError:
                pass
        return "680" in repr(read_record(given)) and "680" in repr(Customer(**given))
    finally:
        sys.settrace(None)

def count(_=None):
    os.write(out, str(interrupted(0)).encode())
    return True

into, out = os.pipe()
assert forked(count) == 0
lines = int(os.read(into, 100))
points = 6 * ROUNDS
print(json.dumps([lines > 100, [forked(lambda: interrupted(1 + lines * at // points)) for at in range(points)]]))
""")
    assert found == [True, [0] * 6 * ROUNDS]


def test_processes_that_get_a_book_sent() -> None:
    """A book is pickled for processes that are started anew, and so are answers on their way back."""
    context = multiprocessing.get_context("spawn")
    some = store()[::3]
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        work = partial(_answered, shipped())
        found = list(pool.map(work, some))
        assert pool.submit(_fingerprint, shipped()).result() == shipped().fingerprint
    alone = [shipped().evaluate(record, as_of=DAY, subject=subject) for subject, record in some]
    assert [each.to_dict() for each in found] == [each.to_dict() for each in alone]
    assert [each.explain("zh").text for each in found] == [each.explain("zh").text for each in alone]


def _answered(book: dr.PolicyBook, given: tuple[str, dict[str, Any]]) -> dr.Answer:
    subject, record = given
    return book.evaluate(record, as_of=DAY, subject=subject)


def _fingerprint(book: dr.PolicyBook) -> str:
    return book.fingerprint


def test_a_fork_leaves_the_tables_of_its_parent_alone(tmp_path: Path) -> None:
    """Tables that are being read keep files of their own; a child that ends takes none of them away."""
    pytest.importorskip("polars")
    folder = tmp_path / "store"
    demo.write_tables(folder, count=5, as_of=read_date(DAY))
    found = process(f"""
from dealerrules.tables import read_tables
tables = read_tables({str(folder)!r}, as_of=DAY)
child = os.fork()
if not child:
    del tables  # and all that a Python does at its end
    sys.exit(0)
os.waitpid(child, 0)
print(json.dumps(tables["customers"].collect().height))
tables.close()
""")
    assert found == 5
