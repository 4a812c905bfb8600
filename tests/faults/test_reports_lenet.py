"""More errata of report 003, section 3, LeNet-5 (docs/errata.md): ``layers/`` as the mended form."""

import numpy as np
import pytest

from faults.truth import gradient, load, right, wrong
from handgrad.layers.conv import ConvParams, conv_backward, conv_forward
from handgrad.layers.conv_forms.rotated_kernel import correlate, rot180, spread, wide
from handgrad.layers.dense import DenseParams, dense_forward
from handgrad.layers.subsample import SubsampleParams, subsample_backward, subsample_forward


@pytest.fixture(scope="module")
def m():
    return load("lenet_003")


def linked_kernels(m):
    """The report's kernels W[p, d] as ours: one for each link, by output map and by input map within it."""
    return ConvParams(np.array([m.W[p, d] for d in range(3) for p in range(2) if m.T[p, d]]), m.b)


def published_forward(m, X_in):
    """3.3 with a sum over p where T_pd = 1, one output map at a time."""
    return np.array(
        [sum(m.correlate(m.W[p, d], X_in[p]) for p in range(2) if m.T[p, d] == 1) + m.b[d] for d in range(3)]
    )


def test_003_24_the_forward_sum_over_the_link_table_is_right(m):
    ours, _ = conv_forward(linked_kernels(m), m.X_in[..., None], links=m.T == 1)
    right(published_forward(m, m.X_in), ours[..., 0])
    over_rows = np.array(  # the sum over d for each p, as the gradient of the input has it
        [sum(m.correlate(m.W[p, d], m.X_in[p]) for d in range(3) if m.T[p, d] == 1) + m.b[p] for p in range(2)]
    )
    wrong(over_rows, ours[..., 0])


def test_003_25_the_kernel_slides_over_the_activation_and_not_over_what_is_behind_its_tilde(m):
    before = np.random.default_rng(0).normal(size=m.X_in.shape)  # X̃(l-1)
    X_in = np.tanh(before)  # X(l-1) = g(X̃(l-1))
    cotangent = np.random.default_rng(1).normal(size=(3, 4, 6))

    def loss(W):
        Y = np.array([sum(m.correlate(W[p, d], X_in[p]) for p in range(2) if m.T[p, d]) for d in range(3)])
        return np.sum(np.tanh(Y) * cotangent)

    Y = np.array([sum(m.correlate(m.W[p, d], X_in[p]) for p in range(2) if m.T[p, d]) for d in range(3)])
    dY_pre = cotangent * (1 - np.tanh(Y) ** 2)
    truth = gradient(loss, m.W)
    for over, verdict in ((X_in, right), (before, wrong)):
        formula = np.zeros_like(m.W)
        for p, d in np.argwhere(m.T):
            formula[p, d] = m.correlate(dY_pre[d], over[p])
        verdict(formula, truth)


def test_003_26_the_condition_on_the_link_belongs_to_the_gradient_of_the_kernel(m):
    """Without "for T_pd = 1" the formula gives a number where there is no kernel to have a gradient."""
    truth = gradient(lambda W: m.loss(W, m.b, m.omega, m.a, m.X_in, m.target), m.W)
    absent = [tuple(place) for place in np.argwhere(m.T == 0)]
    assert absent == [(0, 1)]
    assert not truth[0, 1].any()
    Y_pre, Y, X_pre, X = m.forward(m.W, m.b, m.omega, m.a, m.X_in)
    dY_pre = m.dL_dY_3_4(X - m.target, X_pre, m.omega, Y.shape) * (1 - Y**2)
    everywhere = np.array([[m.correlate(dY_pre[d], m.X_in[p]) for d in range(3)] for p in range(2)])
    assert np.abs(everywhere[0, 1]).max() > 0.1
    wrong(everywhere, truth)
    right(np.where(m.T[:, :, None, None] == 1, everywhere, 0), truth)


def test_003_27_odd_maps_have_places_that_no_window_pools(m):
    """[(i+1)/2] of the last row of an odd map lies behind the pooled map; the gradient there is 0."""
    Y = np.random.default_rng(0).normal(size=(3, 5, 7))
    with pytest.raises(IndexError, match="out of bounds"):
        m.dL_dY_3_4(np.ones((3, 2, 3)), np.zeros((3, 2, 3)), m.omega, Y.shape)
    params = SubsampleParams(m.omega, m.a)
    cotangent = np.random.default_rng(1).normal(size=(3, 2, 3, 1))
    truth = gradient(lambda Y: np.sum(subsample_forward(params, Y[..., None], crop=True)[0] * cotangent), Y)
    _, cache = subsample_forward(params, Y[..., None], crop=True)
    right(subsample_backward(params, cache, cotangent)[0][..., 0], truth)
    assert not truth[:, 4].any()
    assert not truth[:, :, 6].any()


def test_003_28_the_formulas_of_the_convolution_hold_for_a_stride_of_one():
    """With stride 2 the wide correlation of ∂L/∂Ỹ is too small; it fits with zeros between the rows and columns."""
    rng = np.random.default_rng(2)
    params, x = ConvParams(rng.normal(size=(1, 1, 3, 2)), np.zeros(1)), rng.normal(size=(1, 7, 8, 1))
    W = params.W[0, 0]
    for stride in (1, 2):
        y, cache = conv_forward(params, x, stride)
        dy = rng.normal(size=y.shape)
        truth = gradient(lambda x, stride=stride, dy=dy: np.sum(conv_forward(params, x, stride)[0] * dy), x)
        verdict = right if stride == 1 else wrong
        verdict(wide(rot180(W), dy[0])[None], truth)
        verdict(correlate(dy[0], x[0])[None, None], conv_backward(params, cache, dy)[1].W)
        between = spread(dy, stride, 5, 7)[0]
        right(wide(rot180(W), between)[None], truth)
        right(correlate(between, x[0])[None, None], conv_backward(params, cache, dy)[1].W)


def test_003_29_c5_may_be_called_fully_connected():
    """A kernel as large as the map has one place to stand: the convolution is a product with its kernels as rows."""
    rng = np.random.default_rng(3)
    params, x = ConvParams(rng.normal(size=(120, 16, 5, 5)), rng.normal(size=120)), rng.normal(size=(16, 5, 5, 2))
    y, _ = conv_forward(params, x)
    assert y.shape == (120, 1, 1, 2)
    flat, _ = dense_forward(DenseParams(params.W.reshape(120, -1), params.b), x.reshape(400, 2))
    right(y[:, 0, 0], flat)
    assert params.W.size + params.b.size == 48120


def test_003_30_the_published_block_with_its_letters_mended_is_ours(m):
    """All of 3.4, with 003-14, 003-16, 003-17 and 003-19 mended, against the layers of this house in one chain."""
    params, pool = linked_kernels(m), SubsampleParams(m.omega, m.a)
    Y_pre, conv_cache = conv_forward(params, m.X_in[..., None], links=m.T == 1)
    X_pre, pool_cache = subsample_forward(pool, np.tanh(Y_pre))
    X = np.tanh(X_pre)
    dX_pre = (X - m.target[..., None]) * (1 - X**2)
    dY, d_pool = subsample_backward(pool, pool_cache, dX_pre)
    dX_in, grads = conv_backward(params, conv_cache, dY * (1 - np.tanh(Y_pre) ** 2))
    dW, db, d_omega, d_a, dX_published = m.backward(m.W, m.b, m.omega, m.a, m.X_in, m.target)
    right(np.array([dW[p, d] for d in range(3) for p in range(2) if m.T[p, d]]), grads.W)
    right(db, grads.b)
    right(d_omega, d_pool.w)
    right(d_a, d_pool.a)
    wrong(dX_published, dX_in[..., 0])  # 003-19
