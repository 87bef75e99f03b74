"""The document: a policy file as its author wrote it, one pydantic model per YAML shape.

Place in the flow: nodes are read as these shapes (``reading``), which go out to the compiler. Conditions, facts and
values stay nodes, since what they may be depends on names that only the compiler knows. The JSON Schema for
editors is made from these models.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from dealerrules.diagnostics import FINDINGS
from dealerrules.policy.fields import (
    Attached,
    Condition,
    Day,
    EventCondition,
    FactForm,
    FactName,
    FilledMany,
    FilledTable,
    Identifier,
    Many,
    ParameterValue,
    Quantity,
    RateWindow,
    Raw,
    Shape,
    Table,
    Text,
    Titled,
    json_schema,
    keys_of,
    one_word_of,
)
from dealerrules.policy.model import Clause, Title
from dealerrules.records import TABLES


class SourceShape(Shape):
    """The document and clause that a policy comes from."""

    document: Text
    clause: Text | None = None
    note: Text | None = None

    def clause_of(self) -> Clause:
        """Return it as the model keeps it."""
        return Clause(self.document, self.clause, self.note)


class EffectiveShape(Shape):
    """From when until when a version is in force; both days inclusive."""

    start: Day | None = Field(None, alias="from")
    until: Day | None = None


class Described(Shape):
    """What anything that people read about may carry."""

    title: Titled = Title()
    source: SourceShape | None = None
    data: Attached = None


class AcknowledgeShape(Shape):
    """A finding of the check that is meant, with the reason; `at` names the rule, band, item or fact that it is about."""

    finding: Annotated[str, one_word_of(*FINDINGS), json_schema(type="string", enum=list(FINDINGS))]
    at: Text | None = None
    reason: Titled


class AdviceShape(Shape):
    """What advice may do with a fact: whether anyone can move it, and what a unit of it costs."""

    fact: Text
    subject: Text = "customer"
    actionable: Quantity | None = None
    cost: Quantity | None = None


class ParameterShape(Described):
    """A number that several rules share."""

    type: Annotated[
        Literal["count", "number", "money", "ratio", "months", "days", "distance", "date", "list"],
        one_word_of("count", "number", "money", "ratio", "months", "days", "distance", "date", "list"),
    ]
    value: ParameterValue | None = None


class RefundShape(Shape):
    """A share of something paid back, between two bounds."""

    start: Quantity = Field(alias="from")
    to: Quantity
    of: Text


class ItemShape(Described):
    """A thing that an offer gives."""

    value: Quantity | None = None
    price: Quantity | None = None
    refund: RefundShape | None = None


class LevelShape(Described):
    """A level of a tier."""

    cadence: Text | None = None
    benefits: Table[Many[Titled]] = Field(default_factory=dict)
    follow_up: Many[Titled] = ()


class RuleShape(Described):
    """A criterion of a tier."""

    id: Identifier
    when: Condition


class DecisionShape(Described):
    """What everything below `decisions` has."""

    word: ClassVar[str]
    kind: Text
    subject: Text = "customer"
    acknowledge: Many[AcknowledgeShape] = ()


class SubjectShape(DecisionShape):
    """What every decision about one subject has."""

    dated_by: Text | None = None


class KeepsShape(Shape):
    """How long a level is kept that was reached once."""

    months: Quantity = Field(alias="for")


class TierShape(SubjectShape):
    """Levels, and angles that grant them; a level once reached may be kept."""

    word: ClassVar[str] = "tier"
    keeps: KeepsShape | None = None
    downgrade: (
        Annotated[Literal["one_level", "to_computed"], one_word_of("one_level", "to_computed")] | None
    ) = None
    transition: (
        Annotated[
            Literal["re_evaluate", "keep_until_expiry", "never_lower_at_switch"],
            one_word_of("re_evaluate", "keep_until_expiry", "never_lower_at_switch"),
        ]
        | None
    ) = None
    levels: FilledTable[LevelShape]
    angles: FilledTable[
        Annotated[
            Any,
            json_schema(
                description="`title`, and for each level a list of rules, any one of which grants it",
                type="object",
                properties={"title": {"$ref": "#/$defs/Title"}, "source": {"$ref": "#/$defs/SourceShape"}},
                additionalProperties={"type": "array", "items": {"$ref": "#/$defs/RuleShape"}},
            ),
        ]
    ]


class BandShape(Described):
    """Where a band or stage begins: `from` includes its value, `over` excludes it."""

    start: Quantity | None = Field(None, alias="from")
    over: Quantity | None = None


class FirstShape(Described):
    """A stage that is looked at before the bands."""

    when: Condition


class AbsentShape(Described):
    """The stage of those without event to measure from."""

    id: Identifier


_GAPS = Annotated[Literal["allowed"], one_word_of("allowed")]
"""Whether inputs without an answer are meant."""


class StageShape(SubjectShape):
    """One measure cut into stages."""

    word: ClassVar[str] = "stage"
    measure: FactName
    stages: FilledTable[BandShape]
    when_absent: Annotated[Any, json_schema(type=["string", "object"], examples=["never_visited"])] = None
    first: Table[FirstShape] = Field(default_factory=dict)
    best: Annotated[Literal["first", "last"], one_word_of("first", "last")] | None = None
    gaps: _GAPS | None = None


_BASIS = Annotated[Literal["whole", "excess"], one_word_of("whole", "excess")]


class PayBandShape(BandShape):
    """A band of a payout, with one of three ways to pay."""

    id: Identifier | None = None
    pays: Quantity | None = None
    pays_per_unit: Quantity | None = None
    pays_percent: Quantity | None = None
    basis: _BASIS | None = None


class PayoutShape(SubjectShape):
    """Money by bands."""

    word: ClassVar[str] = "payout"
    payee: Text | None = None
    when: Condition | None = None
    otherwise: Quantity | None = None
    measure: FactName | None = None
    unit: FactName | None = None
    times: FactName | None = None
    by: FactName | None = None
    bands: Annotated[
        Any,
        json_schema(
            oneOf=[
                {"type": "array", "items": {"$ref": "#/$defs/PayBandShape"}},
                {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/PayBandShape"}},
                },
            ]
        ),
    ] = None
    pays: Quantity | None = None
    cap: Quantity | None = None
    floor: Quantity | None = None
    gaps: _GAPS | None = None
    rounding: Annotated[Text, json_schema(type="string", examples=["half_up to 1 fen"])] | None = None


class OfferBandShape(BandShape):
    """A band of an offer."""

    id: Identifier | None = None
    choose_one: Table[Many[Text]] = Field(default_factory=dict)
    always: Many[Text] = ()
    value: Quantity | None = None
    always_value: Quantity | None = None


class OfferShape(SubjectShape):
    """Goods or services, by bands."""

    word: ClassVar[str] = "offer"
    when: Condition | None = None
    measure: FactName | None = None
    by: FactName | None = None
    bands: Annotated[
        Any,
        json_schema(
            oneOf=[
                {"type": "array", "items": {"$ref": "#/$defs/OfferBandShape"}},
                {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/OfferBandShape"}},
                },
            ]
        ),
    ]


class OutputShape(Described):
    """An output column of a rules table."""

    type: Annotated[
        Literal["boolean", "category", "text", "texts", "items", "count", "number", "money", "ratio"],
        one_word_of("boolean", "category", "text", "texts", "items", "count", "number", "money", "ratio"),
    ]
    options: Many[Text] = ()


class RowShape(Described):
    """A row of a rules table."""

    id: Identifier
    when: Condition | None = None
    then: Table[Raw]
    effective: EffectiveShape | None = None


class RulesShape(SubjectShape):
    """The general decision table."""

    word: ClassVar[str] = "rules"
    outputs: FilledTable[OutputShape]
    hit: Annotated[
        Literal["unique", "first", "any", "collect", "priority"],
        one_word_of("unique", "first", "any", "collect", "priority"),
    ]
    rows: FilledMany[RowShape]
    otherwise: Table[Raw] | None = None
    gaps: _GAPS | None = None


_EVENTS = Annotated[Text, json_schema(type="string", enum=list(TABLES))]


class HappeningShape(Shape):
    """Events of one table, by when they happened and what they were."""

    event: _EVENTS
    within: RateWindow | None = None
    where: EventCondition | None = None
    dated: Text | None = None


class SideShape(Shape):
    """What a rate counts above or below its line: customers, vehicles, or events of the period."""

    count: Annotated[Text, json_schema(type="string", enum=["customers", *TABLES])] | None = None
    distinct: _EVENTS | None = None
    take: Text | None = None
    as_of: Annotated[Text, json_schema(type="string", examples=["12 months earlier"])] | None = None
    where: Condition | None = None
    having: Many[HappeningShape] = Field((), alias="with")
    without: Many[HappeningShape] = ()
    within: RateWindow | None = None
    dated: Text | None = None


class RateShape(DecisionShape):
    """One count over another, of the whole population in a month or a year."""

    word: ClassVar[str] = "rate"
    subject: Annotated[Text, json_schema(type="string", enum=["population", "customer"])] = "population"
    per: Annotated[Literal["month", "year"], one_word_of("month", "year")]
    of: SideShape
    over: SideShape
    one_minus: Quantity | None = None


class FactShape(Described):
    """What a fact has beside its form."""

    subject: Text = "customer"
    actionable: Quantity | None = None


class TimesShape(Shape):
    """A multiple of a parameter, as the start of a band."""

    times: Quantity
    of: Quantity


class LookupShape(Shape):
    """A value for each word of a fact."""

    by: FactName
    values: FilledTable[Raw]


class CalendarShape(Shape):
    """A calendar period, as the window of events."""

    calendar: Annotated[Literal["year", "quarter", "month"], one_word_of("year", "quarter", "month")]


DECISION_SHAPES: dict[str, type[DecisionShape]] = {
    shape.word: shape for shape in (TierShape, StageShape, PayoutShape, OfferShape, RulesShape, RateShape)
}


class PolicyShape(Described):
    """One policy file."""

    inner = {  # noqa: RUF012 - of the class
        "facts": ("title", "subject", "source"),
        "decisions": {key for shape in DECISION_SHAPES.values() for key in keys_of(shape)},
    }

    policy: Identifier
    effective: EffectiveShape | None = None
    review_by: Day | None = None
    acknowledge: Many[AcknowledgeShape] = ()
    extend: Text | None = None
    override: Table[Raw] = Field(default_factory=dict)
    remove: Many[Text] = ()
    parameters: Table[ParameterShape] = Field(default_factory=dict)
    facts: Table[FactForm] = Field(default_factory=dict)
    items: Table[ItemShape] = Field(default_factory=dict)
    advice: Many[AdviceShape] = ()
    decisions: Table[Raw] = Field(default_factory=dict)


NAMED = ("parameters", "facts", "items", "decisions")
"""The parts of a policy that define names."""
