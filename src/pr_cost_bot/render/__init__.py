"""Templates and number formats: what people see."""
