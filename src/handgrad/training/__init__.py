"""Training: fit, optimizers, initializers, schedules, callbacks, history."""
