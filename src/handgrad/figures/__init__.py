"""Matplotlib pictures: one look for all, drawn without pyplot: nothing global is touched, and no window opens."""
