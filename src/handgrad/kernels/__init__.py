"""The equations of ``layers/``, fast: compiled twins under the same file and function names.

A kernel is an *operation* of a program (see ``docs/architecture.md``): it is handed one row of the program table and
the flat arrays, takes its views, and writes its result in place. Samples lie one after the other in memory, so that
an array that the equations call (features, batch) is here ``x[n, feature]``: the same matrix, read by columns.
"""
