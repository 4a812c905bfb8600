"""exp, tanh and log without branches or calls, so that LLVM vectorizes the loops that use them.

    exp(x) = 2^n exp(r),  n = round(x / ln 2),  r = x - n ln 2 in [-0.35, 0.35]

exp(r) - 1 is its Taylor polynomial, to degree 7 in float32 and 13 in float64: the first term left out is below half a
unit in the last place. ln 2 is subtracted in two parts, the first with trailing zeros, so that n times it is exact
(Cody and Waite, 1980); so the order of these operations is part of the method. 2^n is put together from its bits. NaN
passes through: every comparison leaves it in place.
"""

import numpy as np

from handgrad.kernels._jit import by_dtype, ordered_kernel

_LN2_HIGH_32 = np.float32(0.693359375)
_LN2_LOW_32 = np.float32(np.log(2.0) - 0.693359375)
_LN2_HIGH_64 = 6.93145751953125e-1
_LN2_LOW_64 = 1.42860682030941723212e-6
_INV_LN2_32 = np.float32(1 / np.log(2.0))
_INV_LN2_64 = 1 / np.log(2.0)

_HALF_32 = np.float32(0.5)
_ONE_32 = np.float32(1)
# 1/k!: the Taylor coefficients, highest first
_C7, _C6, _C5, _C4, _C3 = (np.float32(1 / k) for k in (5040, 720, 120, 24, 6))
_D9, _D7, _D5, _D3 = (np.float32(1 / k) for k in (9, 7, 5, 3))  # of artanh
_SQRT_HALF_BITS_32 = np.float32(np.sqrt(0.5)).view(np.int32)
_LOWEST_32, _HIGHEST_32 = np.float32(-87.0), np.float32(88.0)
_LOWEST_64, _HIGHEST_64 = -708.0, 709.0


@ordered_kernel
def _parts32(x):
    """2^n and exp(r) - 1 of a float32."""
    x = _LOWEST_32 if x < _LOWEST_32 else x
    x = _HIGHEST_32 if x > _HIGHEST_32 else x
    n = np.floor(x * _INV_LN2_32 + _HALF_32)
    r = (x - n * _LN2_HIGH_32) - n * _LN2_LOW_32
    p = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _HALF_32
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return power, (p * r) * r + r


@ordered_kernel
def _parts64(x):
    """2^n and exp(r) - 1 of a float64."""
    x = _LOWEST_64 if x < _LOWEST_64 else x
    x = _HIGHEST_64 if x > _HIGHEST_64 else x
    n = np.floor(x * _INV_LN2_64 + 0.5)
    r = (x - n * _LN2_HIGH_64) - n * _LN2_LOW_64
    p = ((((1 / 6227020800 * r + 1 / 479001600) * r + 1 / 39916800) * r + 1 / 3628800) * r + 1 / 362880) * r + 1 / 40320
    p = (((((p * r + 1 / 5040) * r + 1 / 720) * r + 1 / 120) * r + 1 / 24) * r + 1 / 6) * r + 0.5
    power = np.int64((np.int64(n) + np.int64(1023)) << np.int64(52)).view(np.float64)
    return power, (p * r) * r + r


@ordered_kernel
def exp32(x):
    """exp of a float32 in [-87, 88]; beyond, the value at the nearer end."""
    power, m = _parts32(x)
    return power * (m + _ONE_32)


@ordered_kernel
def exp64(x):
    """exp of a float64 in [-708, 709]; beyond, the value at the nearer end."""
    power, m = _parts64(x)
    return power * (m + 1.0)


# tanh(a) / a as a ratio of polynomials in a^2 on [0, 8], with the largest relative error least (6e-9): numerator and
# denominator run beside each other, which takes half as long as exp. At 8, tanh is 1 to within two units of float32.
_P0, _P1, _P2 = (np.float32(p) for p in (1.0, 0.1344449669122696, 0.003571596462279558))
_P3, _P4 = np.float32(2.189463521062862e-05), np.float32(1.5230380512321062e-08)
_Q1, _Q2 = np.float32(0.4677782356739044), np.float32(0.02616443671286106)
_Q3, _Q4 = np.float32(0.00034112893627025187), np.float32(8.522431471646996e-07)
_SATURATED_32 = np.float32(8)


@ordered_kernel
def tanh32(a):
    """tanh of a float32, accurate near 0 too; beyond 8 the value there."""
    a = -_SATURATED_32 if a < -_SATURATED_32 else a
    a = _SATURATED_32 if a > _SATURATED_32 else a
    z = a * a
    p = (((_P4 * z + _P3) * z + _P2) * z + _P1) * z + _P0
    q = (((_Q4 * z + _Q3) * z + _Q2) * z + _Q1) * z + _ONE_32
    return a * p / q


@ordered_kernel
def tanh64(a):
    """tanh of a float64, accurate near 0 too: u / (u + 2) with u = exp(2 a) - 1."""
    power, m = _parts64(a + a)
    u = power * m + (power - 1.0)
    return u / (u + 2.0)


@ordered_kernel
def log32(x):
    """log of a normal float32 x = 2^n m, m in [sqrt 1/2, sqrt 2), by log m = 2 artanh((m - 1) / (m + 1)).

    NaN for infinity and NaN: x - x is then NaN, else 0.
    """
    bits = np.float32(x).view(np.int32)
    n = (bits - _SQRT_HALF_BITS_32) >> np.int32(23)
    m = np.int32(bits - (n << np.int32(23))).view(np.float32)
    s = (m - _ONE_32) / (m + _ONE_32)
    z = s * s
    p = ((_D9 * z + _D7) * z + _D5) * z + _D3
    k = np.float32(n)
    return k * _LN2_HIGH_32 + (k * _LN2_LOW_32 + (s + s) * (p * z + _ONE_32)) + (x - x)


@ordered_kernel
def log64(x):
    """log of a float64, by the processor's library: training runs in float32."""
    return np.log(x)


exp = by_dtype(exp32, exp64)
log = by_dtype(log32, log64)
tanh = by_dtype(tanh32, tanh64)


@ordered_kernel
def sigmoid32(a):
    """1 / (1 + exp(-a)) of a float32, by tanh of half of it: a ratio of two polynomials, no exponent."""
    return _HALF_32 + _HALF_32 * tanh32(_HALF_32 * a)


@ordered_kernel
def sigmoid64(a):
    """1 / (1 + exp(-a)) of a float64."""
    return 1.0 / (1.0 + exp64(-a))


sigmoid = by_dtype(sigmoid32, sigmoid64)
