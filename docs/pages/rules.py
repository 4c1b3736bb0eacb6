"""`rules.md`: what the expressions of rules may ask about, from the models of their input."""

from __future__ import annotations

from docs.pages.comments import told
from docs.pages.fields import fields_table
from docs.pages.markdown import document, prose
from releasepilot.model import rule_input
from releasepilot.model.rule_input import (
    ActorFacts,
    ApprovalFacts,
    CheckFacts,
    PlanFacts,
    ReleaseFacts,
    RiskFacts,
    RuleInput,
    WindowFacts,
)

_MODELS = (PlanFacts, RiskFacts, ReleaseFacts, WindowFacts, ActorFacts, ApprovalFacts, CheckFacts)


def page() -> str:
    """Write the page."""
    schema = RuleInput.model_json_schema()
    parts = [prose(told(rule_input)), "## Names", prose(told(RuleInput)), fields_table(RuleInput, schema)]
    for model in _MODELS:
        parts += [f"## {model.__name__}", prose(told(model)), fields_table(model, schema)]
    return document("What rules may ask about", "`releasepilot/model/rule_input.py`", parts)
