"""Records: what a store knows about a customer and about the other subjects, checked and typed.

Place in the flow: records -> facts -> policy -> engine -> outcome -> explanation. This is the way in: what comes
from outside passes :func:`read_record` once, and the engines trust it from there on. What a field is called and
what it holds is said by the models alone; :data:`TABLES` and :data:`SUBJECTS` are derived from them.
"""

# No `from __future__ import annotations` here: pydantic would have to read the text of each annotation.

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    Self,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dealerrules.faults import CALLED, SAYS, Fault, FieldError, RecordError, nearest, shown
from dealerrules.forks import after_fork
from dealerrules.readers import READERS, as_date, as_money, as_number, as_scalar, check_value
from dealerrules.values import (
    BOOLEAN,
    COUNT,
    DATE,
    DISTANCE,
    MAX_COUNT,
    MONEY,
    NUMBER,
    TEXT,
    Kind,
    Type,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# ---------------------------------------------------------------------------------------------------
# Field types: what pydantic checks, and the Type by which policies and engines know the field

Id = Annotated[str, Field(strict=True, min_length=1), TEXT]
# A length to check, if only 0, makes pydantic look into the text and refuse lone surrogates.
Text = Annotated[str, Field(strict=True, min_length=0), TEXT]
Flag = Annotated[bool, Field(strict=True), BOOLEAN]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT), COUNT]
Money = Annotated[Decimal, PlainValidator(as_money), MONEY]
Score = Annotated[Decimal, PlainValidator(as_number), NUMBER]
Distance = Annotated[Decimal, PlainValidator(READERS[Kind.DISTANCE]), DISTANCE]
Day = Annotated[date, PlainValidator(as_date), DATE]
Scalar = Annotated[str | bool | int | Decimal, PlainValidator(as_scalar)]
_ORDERED: Final = "ordered"  # marks words that stand lowest first
_FIXED: Final = (
    "fixed"  # marks what nobody can be advised to change: what a customer is, what a month began with
)
_JOINT: Final = "joint"  # marks pydantic's error for what _joint_faults tells


def _events(value: object) -> object:
    if value is not None and not isinstance(value, list | tuple):
        raise FieldError(value, SAYS["events"])
    return value or ()


_E = TypeVar("_E", bound="Event")
Events = Annotated[tuple[_E, ...], BeforeValidator(_events)]
_none_is_empty: Final = BeforeValidator(lambda value: {} if value is None else value)
Attributes = Annotated[Mapping[Text, Scalar | None], _none_is_empty]


# ---------------------------------------------------------------------------------------------------
# Models


class Model(BaseModel):
    """What every record and event shares: frozen, no unknown fields, :class:`RecordError` when wrong."""

    # Validators are built on first use, which spares the import a third of its time; see _build.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    called: ClassVar[tuple[str, str]]  #: its name in English, as an identifier, and in Chinese
    key: ClassVar[tuple[str, ...]] = ()  #: its id, and what else tells two of the same id apart
    date_field: ClassVar[str | None] = None  #: its one date

    def __init__(self, /, **data: Any) -> None:
        _build(type(self))
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise RecordError(_faults(type(self), data, error)) from None

    # pydantic's own mark: nested models are built without calling __init__, so that their faults keep their place
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


_building = threading.Lock()


def _build_anew() -> None:
    """In a forked child: another thread may have been in the middle of it."""
    global _building  # noqa: PLW0603 - the lock of this process
    _building = threading.Lock()


after_fork(_build_anew)


def _build(model: type[Model]) -> None:
    """Build the validator of a model, once, whichever thread comes first."""
    if not model.__pydantic_complete__:
        with _building:
            model.model_rebuild()


class Event(Model):
    """One event of a customer. In a customer's record `customer_id` may be left out."""

    excluded: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()  #: (field, words): these never count
    customer_id: Id | None = None


class Vehicle(Event):
    """A vehicle that the customer bought."""

    called = ("vehicle", "车辆")
    key = ("vin", "customer_id")  # a vehicle may change hands
    date_field = "purchased_on"
    vin: Id | None = None
    own_brand: Flag | None = None  #: of the store's brand
    brand: Text | None = None
    model: Text | None = None
    purchased_on: Day | None = None
    bought_here: Flag | None = None
    warranty_until: Day | None = None
    mileage_km: Distance | None = None


class Visit(Event):
    """A workshop visit; `customer_id` is the owner, who need not be the one who came."""

    called = ("visit", "进站")
    key = ("visit_id",)
    date_field = "visited_on"
    excluded = (("status", ("cancelled", "deleted")),)
    visit_id: Id | None = None
    brought_by: Text | None = None
    vin: Id | None = None
    visited_on: Day
    kind: Literal["maintenance", "repair", "body", "warranty", "claim", "inspection", "other"] | None = None
    status: Literal["open", "settled", "cancelled", "deleted"] | None = None
    settled_on: Day | None = None
    amount: Money | None = None
    paid_by: Literal["customer", "insurer", "maker"] | None = None
    mileage_km: Distance | None = None


class Cover(Event):
    """An insurance cover, from its first day to its last."""

    called = ("cover", "保险")
    key = ("policy_no",)
    date_field = "starts_on"
    policy_no: Id | None = None
    vin: Id | None = None
    cover: Literal["commercial", "compulsory"] | None = None
    starts_on: Day
    ends_on: Day | None = None  #: the last day covered
    at_store: Flag | None = None
    designated_repair: Flag | None = None
    premium: Money | None = None


class Referral(Event):
    """Someone whom the customer referred, and who bought a vehicle or insurance."""

    called = ("referral", "转介绍")
    key = ("referral_id",)
    date_field = "succeeded_on"
    referral_id: Id | None = None
    kind: Literal["vehicle", "insurance"] | None = None
    succeeded_on: Day
    designated_repair: Flag | None = None  #: for insurance


class Survey(Event):
    """An answer to the manufacturer's or the store's survey."""

    called = ("survey", "满意度调查")
    key = ("survey_id",)
    date_field = "surveyed_on"
    survey_id: Id | None = None
    surveyed_on: Day
    source: Literal["csi", "ssi", "store"] | None = None
    satisfied: Flag | None = None
    score: Score | None = None


class Suggestion(Event):
    """A suggestion that the customer made."""

    called = ("suggestion", "建议")
    date_field = "made_on"
    made_on: Day
    adopted: Flag | None = None


class Contact(Event):
    """The store's contact with the customer, and what came of it."""

    called = ("contact", "联系")
    date_field = "contacted_on"
    contacted_on: Day
    purpose: Literal["recall", "reminder", "callback", "complaint"] | None = None
    result: (
        Literal["reached", "unreachable", "refused", "not_interested", "distrusts", "will_come"] | None
    ) = None
    reason: Literal["service", "location", "price", "reminder"] | None = None


class Customer(Model):
    """A customer with all events. No list means no events; any other field left out is unknown.

    Examples:
        >>> record = Customer(customer_id="C1", visits=[{"visited_on": "2014-09-30", "amount": "1,234.50"}])
        >>> record.visits[0].visited_on, record.visits[0].amount, record.region
        (datetime.date(2014, 9, 30), Decimal('1234.50'), None)
    """

    called = ("customer", "客户")
    key = ("customer_id",)
    customer_id: Id
    kind: Annotated[Literal["individual", "company"], _FIXED] | None = None
    store_id: Annotated[Id, _FIXED] | None = None
    region: Annotated[Text, _FIXED] | None = None
    in_territory: Annotated[Flag, _FIXED] | None = None
    influential: Annotated[Flag, _FIXED] | None = None
    media: Annotated[Flag, _FIXED] | None = None
    out_of_reach: Annotated[Flag, _FIXED] | None = (
        None  #: the one field whose absence means false (domain.md 2.1)
    )
    loyalty: Annotated[Literal["low", "medium", "high"], _ORDERED] | None = None
    household_id: Annotated[Id, _FIXED] | None = None
    household_brand_owners: Count | None = None  #: persons, this one included, who own a vehicle of the brand
    channel: Annotated[Literal["store", "second_tier"], _FIXED] | None = None
    attributes: Attributes = Field(default_factory=dict)
    vehicles: Events[Vehicle] = ()
    visits: Events[Visit] = ()
    insurance: Events[Cover] = ()
    referrals: Events[Referral] = ()
    surveys: Events[Survey] = ()
    suggestions: Events[Suggestion] = ()
    contacts: Events[Contact] = ()

    @model_validator(mode="after")
    def _joint(self) -> Self:
        for _, error in _joint_faults(vars(self)):
            raise PydanticCustomError(_JOINT, "{message}", {"message": error.message})
        return self


class RecallCampaign(Model):
    """A campaign to win customers back."""

    called = ("recall_campaign", "招揽活动")
    key = ("campaign_id",)
    date_field = "ends_on"
    campaign_id: Id
    starts_on: Annotated[Day, _FIXED] | None = None
    ends_on: Annotated[Day, _FIXED] | None = None
    audience: Annotated[Count, _FIXED] | None = None  #: customers to recall
    target: Annotated[Count, _FIXED] | None = None
    returned: Count | None = None


class FollowUpResult(Model):
    """What a department's follow-up of customers came to in one period."""

    called = ("follow_up_result", "回访结果")
    key = ("result_id",)
    date_field = "period_end"
    result_id: Id
    period_end: Annotated[Day, _FIXED] | None = None
    department: Annotated[Text, _FIXED] | None = None
    cadence: Annotated[Literal["weekly", "monthly", "yearly"], _FIXED] | None = None
    surveyed: Annotated[Count, _FIXED] | None = None
    satisfied: Count | None = None
    headcount: Annotated[Count, _FIXED] | None = None


class ConsultantMonth(Model):
    """One month of a service consultant."""

    called = ("consultant_month", "顾问月度")
    key = ("consultant_id", "period_end")
    date_field = "period_end"
    consultant_id: Id
    period_end: Annotated[Day, _FIXED] | None = None
    contacted: Annotated[Count, _FIXED] | None = None
    returned: Count | None = None


class RepairOrder(Model):
    """A repair that was completed."""

    called = ("repair_order", "维修单")
    key = ("repair_id",)
    date_field = "completed_on"
    repair_id: Id
    customer_id: Annotated[Id, _FIXED] | None = None
    completed_on: Annotated[Day, _FIXED] | None = None
    insured: Annotated[Flag, _FIXED] | None = None  #: paid by an insurer
    amount: Annotated[Money, _FIXED] | None = None
    premium_prepaid: Money | None = None
    consultant_id: Annotated[Id, _FIXED] | None = None


class Purchase(Model):
    """One spend of a customer."""

    called = ("purchase", "消费")
    key = ("purchase_id",)
    date_field = "purchased_on"
    purchase_id: Id
    customer_id: Annotated[Id, _FIXED] | None = None
    purchased_on: Annotated[Day, _FIXED] | None = None
    amount: Money | None = None
    prepaid_item: Literal["oil", "maintenance_set", "maintenance_5", "none"] | None = None


Record = Customer | RecallCampaign | FollowUpResult | ConsultantMonth | RepairOrder | Purchase
"""A record of any subject."""
_RECORDS: Final[tuple[type[Record], ...]] = get_args(Record)


# ---------------------------------------------------------------------------------------------------
# What the models say, for the engines


@dataclass(frozen=True)
class Table:
    """An event table of customers."""

    name: str  #: such as ``visits``; a customer's record holds its events under this name
    model: type[Event] = field(compare=False)  #: the model of one event
    fields: Mapping[str, Type] = field(compare=False, repr=False)  #: the type of each field, by name
    date_field: str  #: the one date of its events
    id_field: str | None  #: the field that names an event, if there is one
    key: tuple[str, ...]  #: the fields that, all known, no two events share; empty without an id
    excluded: tuple[tuple[str, tuple[str, ...]], ...]
    """(field, words): an event is out when that field is one of these words; unknown stays in."""


@dataclass(frozen=True)
class Subject:
    """What decisions are made about."""

    name: str  #: such as ``recall_campaign``
    model: type[Record] = field(compare=False)  #: the model of its record
    table: str  #: the plural, as files are called: ``recall_campaigns``
    fields: Mapping[str, Type] = field(compare=False, repr=False)
    """The type of each plain field, by name; neither event tables nor attributes."""
    fixed: frozenset[str] = field(compare=False, repr=False)
    """The fields that nobody can be advised to change, such as what kind of customer it is."""
    date_field: str | None  #: the date of the record; ``None`` for a customer
    id_field: str  #: the field that names the record
    key: tuple[str, ...]  #: the fields that no two records share: the id, but for consultant months
    tables: Mapping[str, Table] = field(compare=False, repr=False)  #: event tables; of a customer only


@lru_cache(maxsize=64)
def _hints(model: type[Model]) -> dict[str, Any]:
    """Return the field annotations, with what Annotated adds, by name."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


@lru_cache(maxsize=64)
def _fields(model: type[Model]) -> Mapping[str, Type]:
    """Return the Type of each plain field, read off its annotation."""
    found = {}
    for name, hint in _hints(model).items():
        for part in (hint, *get_args(hint)):  # the second for `… | None`
            marks = getattr(part, "__metadata__", ())
            words = part.__origin__ if marks else part
            types = [mark for mark in marks if isinstance(mark, Type)]
            if get_origin(words) is Literal:
                types = [Type(Kind.CATEGORY, get_args(words), ordered=_ORDERED in marks)]
            if types:
                found[name] = types[0]
    return found


def _fixed(model: type[Model]) -> frozenset[str]:
    """Return the names of the fields that are marked as not to be changed, and of the record's own id."""
    marked = {
        name
        for name, hint in _hints(model).items()
        for part in (hint, *get_args(hint))
        if _FIXED in getattr(part, "__metadata__", ())
    }
    return frozenset({*marked, model.key[0]})


def _table(name: str, model: type[Event]) -> Table:
    id_field = model.key[0] if model.key else None
    return Table(
        name, model, _fields(model), cast("str", model.date_field), id_field, model.key, model.excluded
    )


def _subject(model: type[Record]) -> Subject:
    name = model.called[0]
    tables = TABLES if model is Customer else {}
    return Subject(
        name,
        model,
        f"{name}s",
        _fields(model),
        _fixed(model),
        model.date_field,
        model.key[0],
        model.key,
        tables,
    )


TABLES: Final[Mapping[str, Table]] = {
    name: _table(name, get_args(get_args(hint)[0])[0])
    for name, hint in _hints(Customer).items()
    if get_origin(hint) is Annotated and get_origin(hint.__origin__) is tuple
}
"""The event tables of a customer, by name."""

SUBJECTS: Final[Mapping[str, Subject]] = {model.called[0]: _subject(model) for model in _RECORDS}
"""The subjects, by name."""

CALLED.update(model.called for model in (*_RECORDS, *(table.model for table in TABLES.values())))


# ---------------------------------------------------------------------------------------------------
# Reading records


def read_record(data: Mapping[str, object] | Model, subject: str = "customer") -> Record:
    """Return the record of a subject, checked; a typed record passes through unchanged.

    Args:
        data: a typed record, or a mapping of field names to values. Dates are ``date`` or ISO text; money is yuan,
            as ``Decimal``, ``int`` or text; numbers are ``int`` or ``Decimal``; events stand in lists under the names
            of their tables. What is left out or ``None`` is unknown; a list left out means no events.
        subject: what the mapping is a record of, a key of :data:`SUBJECTS`; typed records carry theirs.

    Raises:
        RecordError: naming everything that is wrong, whatever the data may be.

    Examples:
        >>> read_record({"campaign_id": "2014-09", "target": 110}, "recall_campaign").target
        110
        >>> read_record({"customer_id": "C1", "regoin": "晋江", "visits": [{"visited_on": "2014/9/30"}]})
        Traceback (most recent call last):
        dealerrules.faults.RecordError: customer C1, visits[0].visited_on: a date such as `2014-09-30` is needed, not `2014/9/30`
        customer C1, regoin: there is no such field; did you mean `region`?
    """
    if isinstance(data, _RECORDS):
        return data
    if subject not in tuple(SUBJECTS):  # a tuple, since a line of JSON may hold what has no hash
        words = ", ".join(SUBJECTS)
        error = FieldError(subject, SAYS["subject"], near=nearest(subject, SUBJECTS), words=words)
        raise RecordError([error.at("", None, "subject")])
    if not isinstance(data, Mapping):
        raise RecordError([FieldError(data, SAYS["mapping"]).at(subject, None, "")])
    model = SUBJECTS[subject].model
    _build(model)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise RecordError(_faults(model, data, error)) from None


def _faults(model: type[Model], data: Mapping[str, object], error: ValidationError) -> Iterator[Fault]:
    """Translate pydantic's errors; seek the faults between events too, which pydantic does only in sound ones."""
    details = [detail for detail in error.errors(include_url=False) if detail["type"] != _JOINT]
    for detail in details:
        _reach_caller(detail)
    found = [(_path(detail["loc"]), _field_error(model, detail)) for detail in details]
    if issubclass(model, Customer):
        found += _joint_faults(data)
    id_ = data.get(model.key[0]) if model.key else None
    return (error.at(model.called[0], id_, path) for path, error in found)


def _reach_caller(detail: "ErrorDetails") -> None:
    """Raise what is no fault of the data: pydantic takes whatever a mapping of somebody else's raises for one."""
    if detail["type"] in {"mapping_type", "dict_type", "iteration_error"}:
        name, _, said = str(detail.get("ctx", {}).get("error", "")).partition(": ")
        for kind in (KeyboardInterrupt, MemoryError, SystemExit):
            if kind.__name__ == name:
                raise kind(said) if said else kind


def _path(place: tuple[int | str, ...]) -> str:
    """Return pydantic's place as it is written in Python: ``visits[2].visited_on``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{shown(part)}" for part in place if part != "[key]")
    return "".join(parts).removeprefix(".")


def _field_error(model: type[Model], detail: "ErrorDetails") -> FieldError:
    """Say what one of pydantic's errors means; about a value, the reader of its kind knows best."""
    place, kind, value = detail["loc"], detail["type"], detail["input"]
    if len(place) > 1 and place[0] in TABLES and issubclass(model, Customer):
        model = TABLES[str(place[0])].model
    name = str(place[-1]) if place else ""
    if kind == "extra_forbidden":
        return FieldError(value, SAYS["unknown_field"], near=nearest(name, model.model_fields))
    if kind == "invalid_key" or name == "[key]":
        return FieldError(value, SAYS["field_name"])
    type_ = _fields(model).get(name)
    if kind == "missing" or (value is None and type_):
        dated = issubclass(model, Event) and name == model.date_field
        return FieldError(None, SAYS["event_date" if dated else "missing"])
    if kind == "string_too_short":
        return FieldError(value, SAYS["empty"])
    if kind in {"model_type", "mapping_type", "dict_type"}:
        return FieldError(value, SAYS["mapping"])
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        return cause
    try:
        check_value(value, type_ or TEXT)
    except FieldError as error:
        return error
    return FieldError(value, SAYS["refused"], why=detail["msg"])


def _joint_faults(data: Mapping[str, object]) -> Iterator[tuple[str, FieldError]]:
    """Yield what is wrong between a customer's events: two of one id, one that names another customer."""
    for table in TABLES.values():
        events = data.get(table.name)
        first_of: dict[str, int] = {}
        for index, event in enumerate(events if isinstance(events, (list, tuple)) else ()):
            values = vars(event) if isinstance(event, Model) else event if isinstance(event, Mapping) else {}
            owner = values.get("customer_id")
            if isinstance(owner, str) and owner != data.get("customer_id"):
                yield f"{table.name}[{index}].customer_id", FieldError(owner, SAYS["other_customer"])
            id_ = values.get(table.id_field) if table.id_field else None
            if isinstance(id_, str) and first_of.setdefault(id_, index) != index:
                first = f"{table.name}[{first_of[id_]}]"
                error = FieldError(id_, SAYS["duplicate"], name=table.id_field, first=first)
                yield f"{table.name}[{index}].{table.id_field}", error
