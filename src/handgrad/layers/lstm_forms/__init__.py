FORMS = ()
LETTERS = {"g": "c~", "a_g": "a_c", "W": "W_h", "U": "W_x"}
