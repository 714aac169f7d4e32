"""How people work, as config/ tells it: their hours, who is given what, and what has to be done by when."""
