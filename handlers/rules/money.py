"""Money in words. Sums are whole micro-dollars (millionths of a US dollar), so that small prices add up exactly."""

_MICRO = 1_000_000


def micro(dollars_told: float) -> int:
    """A sum as people write it (0.5, in dollars) in micro-dollars."""
    return round(dollars_told * _MICRO)


def dollars(money: int) -> str:
    """$0.42, $12, $0.005: as many digits as it takes, and two where there are cents."""
    whole, rest = divmod(max(0, money), _MICRO)
    digits = f"{rest:06d}".rstrip("0")
    if not digits:
        return f"${whole:,}"
    return f"${whole:,}.{digits.ljust(2, '0')}"
