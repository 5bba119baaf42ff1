"""A small client of registries: login, redirects, digests, lists, deadlines."""
