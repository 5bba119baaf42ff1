"""quay: Quay and quay.io."""

from harness.oci.errors import ErrorCode
from harness.registry.profile import Profile, Refusal

_UNAUTHORIZED = "access to the requested resource is not authorized"

PROFILE = Profile(
    name="quay",
    service="quay.io",  # quay/quay: auth/registry_jwt_auth.py: the server's own name
    token_path="/v2/auth",  # noqa: S106  a path; quay/quay: endpoints/v2/v2auth.py
    token_lifetime_s=3600.0,  # the same: TOKEN_VALIDITY_LIFETIME_S
    token_fields=("token",),  # the same
    says_lifetime=False,  # the same
    post_status=405,  # the same: the route has GET only, Flask answers the rest so
    # quay/quay: auth/registry_jwt_auth.py: no error attribute, so that a node repeats the token
    # that has run out, and a body of another form than the specification's
    expired=Refusal(status=401, message="Signature has expired", challenge="bearer", plain=True),
    missing=Refusal(  # quay/quay: endpoints/v2/errors.py, Unauthorized
        status=401, code=ErrorCode.UNAUTHORIZED, message=_UNAUTHORIZED, challenge="bearer"
    ),
    denied=Refusal(  # the same
        status=401, code=ErrorCode.UNAUTHORIZED, message=_UNAUTHORIZED, challenge="bearer"
    ),
    wrong_login=Refusal(  # the same, InvalidLogin
        status=401, code=ErrorCode.UNAUTHORIZED, message="Invalid Username or Password"
    ),
    # quay.io: a few requests a second for each address, with bursts, no number (Red Hat: solution
    # 6218921); so there is no limit of its own here.
    too_many_requests=Refusal(  # the same
        status=429, code=ErrorCode.TOOMANYREQUESTS, message="Too many requests"
    ),
    storage_full=Refusal(  # quay/quay: endpoints/v2/errors.py, QuotaExceeded, with its misspelling
        status=403, code=ErrorCode.DENIED, message="Quota has been exceed on namespace"
    ),
)
