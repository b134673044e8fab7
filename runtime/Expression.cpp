// Placeholder until the evaluator lands with the checker.
