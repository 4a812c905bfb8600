"""The gradient of a convolution in two forms: the same numbers.

| form | where | comes from |
|---|---|---|
| shifted products | ``layers/conv.py`` | the chain rule, entry by entry of the kernel |
| rotated kernel | ``rotated_kernel.py`` | the derivations of a report on MLP, LeNet-5 and RNN, section 3.4 |

Both take the letters, shapes and cache of ``layers/conv.py``.
"""

FORMS = ("rotated_kernel",)  # the files beside this one, in the order of the table
