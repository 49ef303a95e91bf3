"""Pure strategies: indicators, entry rules, exit plans, explanations."""
