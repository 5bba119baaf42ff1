"""generic: distribution and its token specification, to the letter.

distribution: docs/content/spec/auth/token.md and oauth.md, registry/auth/token/accesscontroller.go.
"""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Profile, Refusal

PROFILE = Profile(
    name="generic",
    token_lifetime_s=300.0,  # the harness's own choice; the specification's default is 60
    too_many_pulls=Refusal(  # the harness's own words: distribution has no limit
        status=429,
        code=ErrorCode.TOOMANYREQUESTS,
        message="You have reached your pull rate limit.",
    ),
)
