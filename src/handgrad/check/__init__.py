"""The gradient checker: numerical derivatives, and what they are compared with."""
