"""Numbers in the sentences of the labs."""

_PLAIN = 10_000_000.0  # from here on a number is easier to read as a power of ten


def several(count: int, thing: str) -> str:
    """``count`` with the name of what is counted: 1 step, 2 steps, 1,000 steps."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def plain(value: float) -> str:
    """Three significant digits, without a power of ten where that is readable: 0.275, 203, 421,000; 1.4e-20."""
    if 1000 <= abs(value) < _PLAIN:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def whole_or(value: float) -> int | float:
    """A whole number as one, for a table: 100 % is all of them, where 100.0 % may have been rounded."""
    return int(value) if value == int(value) else value
