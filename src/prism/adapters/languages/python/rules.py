"""Python: what to do at each kind of node of tree-sitter-python 0.25."""

from prism.adapters.languages.walk import Rules

RULES = Rules(name="python", actions={})
RULES_BY_NAME = {"python": RULES}
