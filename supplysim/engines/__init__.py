"""The engines: each runs a plan and returns a trace. They know primitives, never measures."""
