"""The analyser: what a policy says about every input there is, found from its conditions and never by trying some."""
