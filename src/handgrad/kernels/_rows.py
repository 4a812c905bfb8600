"""What stands in a row of a program table: the contract between ``network/program.py`` and the operations.

Offsets count numbers from the beginning of a flat array. An array of n samples begins at its offset and holds its
samples one after the other; n may be smaller than the capacity that the workspace was laid out for.
"""

IN = 0  # acts, deltas: where the input of the operation begins
OUT = 1  # acts, deltas: where its output begins
N_IN = 2  # numbers in one sample of the input
N_OUT = 3  # numbers in one sample of the output
PARAM = 4  # params, grads: where its parameters begin
AUX = 5  # acts: where further arrays of the operation begin (a loss: targets)
SCALAR = 6  # scalars: where its constants begin
NEEDS_DX = 7  # 0 where nobody reads the gradient of the input (the first layer)
COLUMNS = 8

LEARNING_RATE = 0  # scalars[0]: what a fused update steps by
