"""Routes a company's calls on Asterisk by a dial plan written in YAML."""
