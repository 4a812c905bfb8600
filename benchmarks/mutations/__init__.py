"""The mutation study of ``handgrad check``: single faults in right backward passes, and whether they are found."""
