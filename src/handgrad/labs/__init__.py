"""The labs: one file per lab, from data over network and training to figures and the published numbers beside ours."""
