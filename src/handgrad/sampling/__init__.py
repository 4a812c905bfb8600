"""Texts from a trained language model: how the next character is chosen, the form that is kept, and the writing."""
