"""Gifts: what offers state against what their items come to, bands that nobody gets, and shares that cannot be.

Place in the flow: the analyser's part for offers and for the catalogue of items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealerrules.analysis.findings import Finding, money
from dealerrules.analysis.tables import check_possible
from dealerrules.diagnostics import Diagnostic, Phrase
from dealerrules.policy.model import Offer
from dealerrules.values import Kind, show
from dealerrules.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dealerrules.analysis.findings import Desk
    from dealerrules.policy.editor import Editor
    from dealerrules.policy.model import Edition, Item, Package


def check_offer(desk: Desk) -> None:
    """Report what is wrong with an offer."""
    offer = desk.decision
    assert isinstance(offer, Offer)
    check_possible(desk, "DR724", "band")
    for name, package in offer.packages.items():
        _twice(desk, name, package)
        for which, items, stated in _stated(package):
            values = [desk.edition.items[item].value for item in items]
            known = [value for value in values if value is not None]
            unstated = len(known) < len(values)  # then they come to at least what is known
            if sum(known) == stated or (unstated and sum(known) < stated):
                continue
            words = (Wording(desk.edition, offer.subject, lang) for lang in ("zh", "en"))
            desk.report(
                "DR731",
                desk.place(name),
                [name, f"{name}.{which}"],
                stated=money(stated),
                which=which,
                sum=money(sum(known)),
                items=Phrase(*(wording.items(items) for wording in words)),
            )


def _twice(desk: Desk, name: str, package: Package) -> None:
    """Report two packages to choose from that are one and the same."""
    seen: dict[tuple[str, ...], str] = {}
    for letter, items in package.choose_one.items():
        first = seen.setdefault(tuple(sorted(items)), letter)
        if first != letter:
            about = [name, f"{name}.{letter}"]
            desk.report("DR733", desk.place(name), about, which=letter, other=first)


def _stated(package: Package) -> Iterator[tuple[str, Sequence[str], int]]:
    """Yield each list of items of which the value is stated: a package to choose, or what is always given."""
    always_value = package.always_value
    if package.value is not None and not package.choose_one:
        always_value = package.value  # all that is given is given always
    elif package.value is not None:
        yield from ((letter, items, package.value) for letter, items in package.choose_one.items())
    if always_value is not None and package.always:
        yield "always", package.always, always_value


def check_items(edition: Edition, editor: Editor) -> Iterator[Finding]:
    """Yield items of which a share cannot be."""
    for name, item in edition.items.items():
        for word, value, low, high in _shares(item):
            if not low <= value <= high:
                values = {
                    "value": show(value, Kind.RATIO),
                    "low": show(low, Kind.RATIO),
                    "high": show(high, Kind.RATIO),
                }
                yield Finding(
                    Diagnostic("DR732", editor.item_places[name], {"word": f"`{word}`", **values}),
                    None,
                    (name,),
                )


def _shares(item: Item) -> Iterator[tuple[str, int, int, int]]:
    if item.price is not None:
        yield "price", item.price.value, 0, 1  # type: ignore[misc]
    if item.refund is not None:
        low, high, _ = item.refund
        yield "refund from", low.value, 0, high.value  # type: ignore[misc]
        yield "refund to", high.value, 0, 1  # type: ignore[misc]
