"""The tier table as an OpenFisca tax-benefit system, for comparison: facts from a .npz file, the answers to another.

It runs in its own process, since OpenFisca-Core asks for packages of its own:
``PYTHON -m benchmarks.openfisca_tiers FACTS.npz OUT.npz ROUNDS``. OpenFisca has no unknown values, so the facts are all known; words
come as their place in an ordered list. It prints the processor time of each round, in seconds, as JSON.
"""

from __future__ import annotations

import json
import sys
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
from openfisca_core.entities import Entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

PERIOD = "2014-09"
CUSTOMER = Entity("customer", "customers", "A customer", "")
FLAGS = ("csi_all_satisfied", "influential", "media", "ssi_all_satisfied")
LOW, MEDIUM, HIGH = range(3)
INDIVIDUAL = 0
GENERAL, VIP, SUPER_VIP = range(3)
ANGLES = {  # rule: the level it grants, and its condition on f, which reads a fact
    "sales": {
        "repeat_purchase": (
            SUPER_VIP,
            lambda f: (f("kind") == INDIVIDUAL) * (f("brand_vehicles_bought") >= 2),
        ),
        "household": (SUPER_VIP, lambda f: f("household_brand_owners") >= 2),
        "referred_3": (SUPER_VIP, lambda f: f("vehicle_referrals") >= 3),
        "is_influential": (SUPER_VIP, lambda f: f("influential")),
        "referred_1": (VIP, lambda f: f("vehicle_referrals") >= 1),
        "survey_all_satisfied": (VIP, lambda f: (f("ssi_surveys") >= 1) * f("ssi_all_satisfied")),
    },
    "after_sales": {
        "sales_super_vip": (SUPER_VIP, lambda f: f("sales") == SUPER_VIP),
        "visits_5": (SUPER_VIP, lambda f: (f("visits_past_year") >= 5) * (f("loyalty") == HIGH)),
        "csi_always_satisfied": (SUPER_VIP, lambda f: (f("csi_surveys") >= 1) * f("csi_all_satisfied")),
        "sales_vip": (VIP, lambda f: f("sales") >= VIP),
        "visits_3": (VIP, lambda f: (f("visits_past_year") >= 3) * (f("loyalty") >= MEDIUM)),
        "suggestion_adopted": (VIP, lambda f: f("suggestions_adopted") >= 1),
    },
    "insurance": {
        "insured_4_years": (
            SUPER_VIP,
            lambda f: (f("insured_years_running") >= 4) * (f("repairs_past_year") >= 1),
        ),
        "insurance_referred_3": (SUPER_VIP, lambda f: f("insurance_referrals") >= 3),
        "insured_3_years": (VIP, lambda f: (f("insured_years_running") >= 3) * (f("repairs_past_year") >= 1)),
        "insurance_referred_2": (VIP, lambda f: f("insurance_referrals") >= 2),
    },
    "marketing": {
        "media_referred_2": (SUPER_VIP, lambda f: f("media") * (f("vehicle_referrals") >= 2)),
        "media_referred_1": (VIP, lambda f: f("media") * (f("vehicle_referrals") >= 1)),
    },
}


def variable(name: str, type_: type, formula: Any = None) -> type[Variable]:
    """Return a variable of a customer, by month."""
    parts = {"value_type": type_, "entity": CUSTOMER, "definition_period": DateUnit.MONTH, "label": name}
    return type(name, (Variable,), parts if formula is None else {**parts, "formula": formula})


def rule_formula(condition: Any) -> Any:
    """Return the formula of a rule."""

    def formula(customer: Any, period: Any) -> Any:
        return condition(lambda fact: customer(fact, period))

    return formula


def best_formula(levels: Mapping[str, int]) -> Any:
    """Return the formula of the best of some levels: what each variable grants when it is true, or is itself."""

    def formula(customer: Any, period: Any) -> Any:
        return np.maximum.reduce([customer(name, period) * level for name, level in levels.items()])

    return formula


def system(facts: list[str]) -> TaxBenefitSystem:
    """Return the tier table: a variable for each fact, rule and angle, and one for the level."""
    made = TaxBenefitSystem([CUSTOMER])
    for name in facts:
        made.add_variable(variable(name, bool if name in FLAGS else int))
    for angle, rules in ANGLES.items():
        for rule, (_, condition) in rules.items():
            made.add_variable(variable(rule, bool, rule_formula(condition)))
        granted = {rule: level for rule, (level, _) in rules.items()}
        made.add_variable(variable(angle, int, best_formula(granted)))
    made.add_variable(variable("tier", int, best_formula(dict.fromkeys(ANGLES, 1))))
    return made


def main() -> None:
    """Evaluate the facts so many times."""
    facts = dict(np.load(sys.argv[1]))
    made = system(list(facts))
    size = len(next(iter(facts.values())))
    times = []
    answers: dict[str, Any] = {}
    for _ in range(int(sys.argv[3])):
        begun = process_time()
        simulation = SimulationBuilder().build_default_simulation(made, count=size)
        for name, values in facts.items():
            simulation.set_input(name, PERIOD, values)
        answers = {name: simulation.calculate(name, PERIOD) for name in ("tier", *ANGLES)}
        for rules in ANGLES.values():
            for rule in rules:
                simulation.calculate(rule, PERIOD)
        times.append(process_time() - begun)
    np.savez(sys.argv[2], **answers)
    print(json.dumps(times))


if __name__ == "__main__":
    main()
