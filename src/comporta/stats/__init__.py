"""Pure numbers that several rooms ask for: metrics, intervals, tests. It knows no store and no model."""
