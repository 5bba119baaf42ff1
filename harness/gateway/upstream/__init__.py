"""A registry that is not ours, behind our gateway: a streaming reverse proxy."""
