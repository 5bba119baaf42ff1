"""expired_credentials: what the node logs in with has run out."""

from typing import Literal, Self

from pydantic import Field

from harness.faults._answers import respond_as
from harness.faults._fault import REQUESTS_WHERE, GatewayFault, WhereKey
from harness.registry.profile import Profile, ProfileName
from harness.registry.profiles import PROFILES
from harness.seams import Injection, RefuseToken, RequestKind, Seams

_LAYERS: frozenset[WhereKey] = frozenset({"layers"})


class ExpiredCredentials(GatewayFault):
    """Credentials have expired: a token in the middle of a pull, or the pull secret.

    `mode: token` answers blob requests that carry a token with 401 and a new challenge, as when
    the token expires between manifest and layers. With `error: invalid_token` a node fetches one
    new token; with `error: none` it retries with the old one until its five attempts are used up.
    `mode: secret` lets the token service refuse the secret itself, from the first request on. The
    wording is that of the registry's profile, or of `style`: `ecr` has no token service, so the
    registry itself refuses the secret, with 403 and no challenge.
    Seen as: `unexpected status from GET request to U: 401 Unauthorized`, or
    `failed to fetch oauth token: unexpected status from POST request to U: 401 Unauthorized`.
    """

    area = "authentication"
    login_needed = "login"
    example = "{mode: token, error: none}"
    where_keys = REQUESTS_WHERE - {"kinds"}
    request_kinds = (
        RequestKind.BLOB,
        RequestKind.TOKEN,
        RequestKind.MANIFEST,
        RequestKind.UPLOAD,
    )

    mode: Literal["token", "secret"] = Field("secret", description="what has run out")
    error: Literal["invalid_token", "none"] = Field(
        "invalid_token", description="mode token: the challenge's error attribute"
    )
    style: ProfileName | None = Field(
        None, description="mode secret: wording of this profile; by default the registry's own"
    )

    def where_allowed(self) -> frozenset[WhereKey]:
        # a token is asked for once for all layers
        return self.where_keys - (_LAYERS if self.mode == "secret" else frozenset())

    def in_words_of(self, profile: ProfileName) -> Self:
        return self if self.style else self.model_copy(update={"style": profile})

    def inject(self, seams: Seams) -> Injection:
        if self.mode == "secret":
            return self._secret(seams, PROFILES[self.style or "generic"])
        return seams.gateway.rule(
            RefuseToken(error=None if self.error == "none" else self.error),
            kinds=(RequestKind.BLOB,),
            share=self.share,
            authenticated=True,
        )

    def _secret(self, seams: Seams, profile: Profile) -> Injection:
        if profile.scheme == "basic":
            kinds = (RequestKind.MANIFEST, RequestKind.BLOB, RequestKind.UPLOAD)
            act = respond_as(profile.expired)
            return seams.gateway.rule(act, kinds=kinds, share=self.share, authenticated=True)
        act = respond_as(profile.wrong_login)
        return seams.gateway.rule(act, kinds=(RequestKind.TOKEN,), share=self.share)
