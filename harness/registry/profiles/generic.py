"""generic: distribution and its token specification, to the letter.

distribution: docs/content/spec/auth/token.md and oauth.md, registry/auth/token/accesscontroller.go.
"""

from harness.registry.profile import Profile

PROFILE = Profile(
    name="generic",
    token_lifetime_s=300.0,  # the harness's own choice; the specification's default is 60
)
