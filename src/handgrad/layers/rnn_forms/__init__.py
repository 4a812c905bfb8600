"""The gradient of a recurrent layer in four forms: the same numbers, at different cost.

| form | where | time | memory | comes from |
|---|---|---|---|---|
| recursion | ``layers/rnn.py`` | T H^2 | T H | Werbos (1990); the report on a binary adder (2019) |
| double sum | ``double_sum.py`` | T^2 H^2 | T H | the derivations of a report on MLP, LeNet-5 and RNN, section 4 |
| products | ``product.py`` | T^2 H^3 | T H | the report on a neuron that counts ones, in matrices |
| forward mode | ``forward_mode.py`` | T H^4 | H^3, none of it grows with T | Williams and Zipser (1989) |

All take whole sequences (no padding), and the letters and shapes of ``layers/rnn.py``.
"""

FORMS = ("double_sum", "product", "forward_mode")  # the files beside this one, in the order of the table
