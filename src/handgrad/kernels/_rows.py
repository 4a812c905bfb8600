"""What stands in a row of a program table: the contract between ``network/program.py`` and the operations.

Offsets count numbers from the beginning of a flat array. An array of n samples begins at its offset and holds its
samples one after the other; n may be smaller than the capacity that the workspace was laid out for. An array of n
sequences of T steps holds step after step, (T, n, features): to a layer that works on each step alone these are T n
samples, and the block of one step is one array.
"""

IN = 0  # acts, deltas: where the input of the operation begins
OUT = 1  # acts, deltas: where its output begins
N_IN = 2  # numbers in one sample of the input
N_OUT = 3  # numbers in one sample of the output
PARAM = 4  # params, grads: where its parameters begin
AUX = (
    5  # acts: where further arrays of the operation begin (a loss: targets); recurrent: scratch of one step, (n, N_OUT)
)
SCALAR = 6  # scalars: where its constants begin
NEEDS_DX = 7  # 0 where nobody reads the gradient of the input (the first layer)
STEPS = 8  # of a recurrent operation: T; else 1
PER_SAMPLE = 9  # how many "samples" the operation sees for each sequence: T where it works on each step alone, else 1
HIDDEN = 10  # of a recurrent operation, acts and deltas: where its states begin, (T, n, N_OUT); the state before the
# first step, (n, N_OUT), stands right before them. Equal to OUT where the whole sequence is handed on
ACTIVATION = 11  # of a recurrent operation: its number in layers/_activations.py
TRUNCATE = 12  # of a recurrent operation: no gradient flows back over a step whose number is a multiple of this
LENGTHS = 13  # acts: where the length of each sequence stands, (n,), not increasing
CARRIED = 14  # of a recurrent operation: 0 where the state before the first step is zeros
COLUMNWISE = 15  # of a recurrent operation, acts and deltas: scratch for its weights column by column, if they are few

# Images. In a batch, an array of images holds LANES samples side by side: (n / LANES, channels, height, width, LANES),
# where n is rounded up, and the samples too many are copies of others whose cotangents are 0. One sample at a time it
# is (n, channels, height, width). An operation is told n rounded up.
LANES = 8  # a vector register of 32 bytes in float32
ROUND = 16  # LANES - 1, or 0 where samples stand one after the other
CHANNELS = 17  # of the input; of an operation on each map by itself: the maps
HEIGHT = 18
WIDTH = 19
MAPS = 20  # of the output
OUT_HEIGHT = 21
OUT_WIDTH = 22
KERNEL_HEIGHT = 23  # of the kernels, or of the windows
KERNEL_WIDTH = 24
STRIDE = 25
PADDING = 26
LINKS = 27  # how many
# How far behind this row the lists of links begin: where the links of each output begin (MAPS + 1 numbers), their
# inputs (LINKS); where those of each input begin (CHANNELS + 1), their outputs, and their numbers in the first list
# (LINKS each)
LISTS = 28
PADDED = 29  # acts and deltas: scratch for x and dx with a border, of one sample or of LANES; IN where x needs none
SPREAD = 30  # deltas: scratch for dy with zeros between and around its pixels; one sample at a time, acts: for y
SUMS = 31  # deltas: scratch for dW, LANES sums for each weight

# Parts of an operation have a row each, one behind the other, and can be worked on at the same time.
PART = 32
PARTS = 33
TOGETHER = 34  # of the first of them: how many rows
COLUMNS = 40

LEARNING_RATE = 0  # scalars[0]: what a fused update steps by
# Columns are summed in vector registers, rows need a sum across each register; but a transpose must be made first.
FEW_INPUTS = 16  # inputs below which U is read column by column
FEW_STATES = 32  # states up to which W is, at one sequence at a time

# An LSTM has no image: the same columns say where its further arrays stand in acts. Only real steps have a place in
# them, step after step, without gaps; one sequence at a time they are (T, n, ...) like the states.
GATES = 17  # i, f, g, o of every step, (real steps, 4 N_OUT); backward writes da there
CELLS = 18  # c of every step, (real steps, N_OUT); those before the first step, (n, N_OUT), stand right before them
GATHERED = 19  # x and h_{t-1} of CHUNK real steps, (CHUNK, N_IN) and (CHUNK, N_OUT). In the form "step", also of a
# dense layer: for every part LANES vectors that are turned over
D_CELLS = 20  # dc of the step at hand, (n, N_OUT)

TOKENS = 17  # of an embedding: how many rows E has

# The output layer of a language model with its loss: positions are worked on CHUNK at a time; one sequence at a time
# all of them are, side by side in columns.
CHUNK = 256
COLUMNS_TOGETHER = 4  # columns are made a multiple of it: the tiles of a product are as wide, and as many classes high
LOGITS = 17  # acts: (CHUNK_ROWS, N_OUT), or (N_OUT, columns)
CHUNK_ROWS = 18  # how many positions, or at most so many columns
# and GATHERED = 19: acts, h of a chunk, (CHUNK_ROWS, N_IN); with columns h, h turned over, and of every part dh, and
# four numbers for each column

SHIFTS = 21  # how many states after a step are to be copied to where those before the next one stand: h, h and c

# Dropout
KEYS = 17  # acts: two numbers below 2^24 for each sequence, (2, n), from which its masks are drawn
LAYER = 18  # which layer of the network it is
