"""References: how names are read, completed and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.oci.reference import (
    REPOSITORY_PATTERN,
    TAG_PATTERN,
    InvalidReferenceError,
    Reference,
    is_host,
    is_repository,
    is_tag,
    parse_reference,
)

DIGEST = "sha256:" + "0a" * 32

hosts = st.sampled_from(
    [
        "registry.test",
        "localhost",
        "localhost:5000",
        "10.0.0.1:443",
        "[::1]:5000",
        "Registry",
        "a-b.c",
    ]
)
repositories = st.from_regex(REPOSITORY_PATTERN, fullmatch=True).filter(is_repository)
tags = st.from_regex(TAG_PATTERN, fullmatch=True)


@given(
    host=hosts,
    repository=repositories,
    tag=st.none() | tags,
    digest=st.none() | st.just(DIGEST),
)
def test_a_full_reference_reads_back_as_it_was_written(
    host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    """Writing and reading agree; a name without tag and digest gets `latest`."""
    written = Reference(host=host, repository=repository, tag=tag, digest=digest)

    read = parse_reference(str(written))

    expected = "latest" if tag is None and digest is None else tag
    assert read == Reference(host=host, repository=repository, tag=expected, digest=digest)
    assert parse_reference(str(read)) == read
    assert read.object == (digest or expected)


@given(text=st.text() | st.text(alphabet="aA0./:@-_[]", max_size=40))
def test_any_text_is_a_reference_or_is_refused_in_one_line(text: str) -> None:
    """Nothing else is raised, and what is accepted is valid in every part and stable."""
    try:
        read = parse_reference(text)
    except InvalidReferenceError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert len(message.splitlines()) == 1
        return
    assert is_host(read.host)
    assert is_repository(read.repository)
    assert read.tag is None or is_tag(read.tag)
    assert read.tag or read.digest
    assert parse_reference(str(read)) == read


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("team/app", "docker.io/team/app:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("registry.test/a/b/c", "registry.test/a/b/c:latest"),
        ("Registry/app", "Registry/app:latest"),  # upper case cannot be a repository's
        ("[::1]:5000/app", "[::1]:5000/app:latest"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}"),
        ("app:5000", "docker.io/library/app:5000"),  # no port without a repository after it
    ],
)
def test_short_names_are_completed_as_containerd_does(short: str, full: str) -> None:
    """The default host, `library/` and `latest` are filled in."""
    assert str(parse_reference(short)) == full


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "needs a repository"),
        (":v1", "needs a repository"),
        ("registry.test/", "needs a repository"),
        ("registry.test/:v1", "needs a repository"),
        ("registry.test/App", "repository 'App' must match"),
        ("registry.test/a//b", "repository 'a//b' must match"),
        ("registry.test/a..b", "repository 'a..b' must match"),
        ("registry.test/../etc", "repository '../etc' must match"),
        ("registry.test/" + "a" * 256, "repository may have 255 characters, got 256"),
        ("registry.test/app:", "tag '' must match"),
        ("registry.test/app:-v1", "tag '-v1' must match"),
        ("registry.test/app:" + "a" * 129, "must match"),
        ("registry.test/app:v1\n", r"tag 'v1\\n' must match"),
        ("registry.test/app@", "digest '' must match"),
        ("registry.test/app@sha256:abc", "digest 'sha256:abc' must match"),
        (f"registry.test/app@{DIGEST}@{DIGEST}", "must match"),
        ("registry.test:99999/app", "host 'registry.test:99999' must be"),
        ("registry.test:0/app", "host 'registry.test:0' must be"),
        ("regis_try.test/app", "host 'regis_try.test' must be"),
        ("http://registry.test/app", "must"),
        ("a" * 64, "64 hexadecimal characters are an image's id"),
    ],
)
def test_a_refusal_names_part_and_rule(text: str, rule: str) -> None:
    """Each malformed reference is told which part breaks which rule."""
    with pytest.raises(InvalidReferenceError, match=rule):
        parse_reference(text)


def test_separators_of_a_repository() -> None:
    """One dot, one or two underscores, any dashes, between letters or digits."""
    assert all(map(is_repository, ["a.b", "a_b", "a__b", "a-b", "a---b", "0/1"]))
    assert not any(map(is_repository, ["a___b", "a.-b", "-a", "a-", "a/", "/a", "", "ä"]))
