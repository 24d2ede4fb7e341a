"""How long pages take at size: operators' and customers', each asked many times beside ten million requests."""
