"""How sure one can be of a share that was measured on few.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
Statistical Association 22 (1927), 209-212: the interval of a share that stays honest near 0 and 1 and for small counts.
"""

import math


def wilson(successes: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The lowest and the highest share that `successes` of `total` speak for, both 0 to 1; z 1.96 is 95 % sure.

    Nothing measured speaks for anything: (0, 1). Raises ValueError for counts that cannot be.
    """
    if not 0 <= successes <= total:
        raise ValueError(f"{successes} of {total}")
    if total == 0:
        return 0.0, 1.0
    share, square = successes / total, z * z / total
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return low, 1.0 if successes == total else min(1.0, middle + half)
