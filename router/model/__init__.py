"""The nouns of the product: frozen values and closed sets, with nothing that reads, waits or knows the time."""
