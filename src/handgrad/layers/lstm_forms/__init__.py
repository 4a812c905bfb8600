"""The derivatives within one step of an LSTM as explicit Jacobian matrices, and the gradient that they make up.

| file | what it holds |
|---|---|
| ``state_jacobians.py`` | h_t by all that a step reads: the gates, the cell, the step before, weights and biases |
| ``cell_jacobians.py`` | the same for c_t, which the report that the first are taken from leaves out |
| ``chained.py`` | backpropagation through time, made of both: the gradients of ``layers/lstm.py``, at more cost |

The letters are those of the report in print (LETTERS), so that both can be laid side by side: it calls the candidate
c~, and puts state and input into one column z_t = [h_{t-1}; x_t], on which a gate has one matrix, W_f = [W_fh W_fx].
"""

FORMS = ()  # other forms of the whole gradient that ``derive`` typesets line by line
JACOBIANS = ("state_jacobians", "cell_jacobians")  # of one step, in the order of the table
LETTERS = {"g": "c~", "W": "W_h", "U": "W_x"}
LETTERS |= {f"{letter}_g": f"{letter}_c" for letter in ("a", "W", "b")}
LETTERS |= {"W_gh": "W_ch", "W_gx": "W_cx"}
