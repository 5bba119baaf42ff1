"""How a real node words what happens: Go's statuses and durations, registry errors, events."""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

from harness.oci.digest import digest_of
from harness.oci.errors import RegistryError, parse_errors

# containerd: core/remotes/docker/errdesc.go; any other code prints as `unknown`. A message equal
# to the one here is dropped and only the code is printed.
_CODE_MESSAGES = {
    "UNKNOWN": "unknown error",
    "UNSUPPORTED": "The operation is unsupported.",
    "UNAUTHORIZED": "authentication required",
    "DENIED": "requested access to the resource is denied",
    "UNAVAILABLE": "service unavailable",
    "TOOMANYREQUESTS": "too many requests",
}

_MS_PER_S = 1000
_REDACTED = "%5BREDACTED%5D"  # containerd: internal/cri/util/sanitize.go


def status_text(status: int) -> str:
    """`429 Too Many Requests`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} "


def unexpected_status(method: str, url: str, status: int) -> str:
    """What containerd says of an answer it did not hope for (core/remotes/errors/errors.go)."""
    return f"unexpected status from {method} request to {url}: {status_text(status)}"


def registry_errors(body: bytes) -> str:
    """The second line of such a text: what the registry's JSON says, or "" when it says nothing."""
    lines = [_registry_error(error) for error in parse_errors(body)]
    if len(lines) > 1:
        return "errors:\n" + "".join(f"{line}\n" for line in lines)
    return lines[0] if lines else ""


def _registry_error(error: RegistryError) -> str:
    code = error.code if error.code in _CODE_MESSAGES else "UNKNOWN"
    if not error.detail and error.message in ("", _CODE_MESSAGES[code]):
        return code.lower()
    return f"{code.lower()}: {error.message}"


def with_registry_errors(text: str, body: bytes) -> str:
    """`text`, and on a second line what the registry said."""
    said = registry_errors(body)
    return f"{text}\n{said}" if said else text


def redacted(url: str) -> str:
    """`url` as transport errors print it: every value of its query is hidden."""
    parts = urlsplit(url)
    query = re.sub(r"=[^&]*", f"={_REDACTED}", parts.query)
    return urlunsplit(parts._replace(query=query))


def transport_error(method: str, url: str, detail: str) -> str:
    """Go's text of a request without an answer (net/url `Error`)."""
    return f'{method.capitalize()} "{redacted(url)}": {detail}'


def rpc_error(code: str, text: str) -> str:
    """A CRI error as kubelet prints it: only the code Unknown is left out (cri-client)."""
    return text if code == "Unknown" else f"rpc error: code = {code} desc = {text}"


def invalid_json(document: bytes) -> str:
    """Go's complaint about a document that is not JSON (encoding/json)."""
    text = document.decode(errors="replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            return "unexpected end of JSON input"
        return f"invalid character '{text[error.pos]}' looking for beginning of value"
    return "json: cannot unmarshal into Go value of type ocispec.Manifest"


def zero_size(digest: str) -> str:
    """containerd: core/remotes/handlers.go, Fetch; a document that names no digest names ""."""
    return (
        f"unable to fetch descriptor ({digest}) which reports content size of zero: "
        "invalid argument"
    )


def go_duration(seconds: float) -> str:
    """A Go duration cut to whole milliseconds: `850ms`, `1.234s`, `2m0.5s` (time.Duration)."""
    ms = int(seconds * _MS_PER_S + 1e-6)
    if ms == 0:
        return "0s"
    if ms < _MS_PER_S:
        return f"{ms}ms"
    hours, rest = divmod(ms, 3600 * _MS_PER_S)
    minutes, rest = divmod(rest, 60 * _MS_PER_S)
    text = f"{rest / _MS_PER_S:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def no_space(ref: str) -> str:
    """Go's text of a write to a full disk, in containerd's folder for content on its way in.

    The folder's name is a hash of the key that the content has in containerd's database
    (plugins/content/local/store.go, core/metadata/content.go); its counter is not known here.
    """
    folder = digest_of(f"k8s.io/1/{ref}".encode()).partition(":")[2]
    path = f"/var/lib/containerd/io.containerd.content.v1.content/ingest/{folder}/data"
    return f"failed to copy: write {path}: no space left on device"


# Events: kubelet pkg/kubelet/images/image_manager.go and kuberuntime/kuberuntime_container.go,
# v1.34.4. `image` is as written in the pod.


def pulling(image: str) -> str:
    return f'Pulling image "{image}"'


def pulled(image: str, *, pull_s: float, waiting_s: float, image_bytes: int) -> str:
    return (
        f'Successfully pulled image "{image}" in {go_duration(pull_s)} '
        f"({go_duration(waiting_s)} including waiting). Image size: {image_bytes} bytes."
    )


def already_present(image: str) -> str:
    return f'Container image "{image}" already present on machine'


def failed_to_pull(image: str, error_text: str) -> str:
    return f'Failed to pull image "{image}": {error_text}'


def missing_secrets(names: Iterable[str]) -> str:
    """Kubelet: pkg/kubelet/kubelet_pods.go, getPullSecretsForPod."""
    return (
        f"Unable to retrieve some image pull secrets ({', '.join(names)}); "
        "attempting to pull the image may not succeed."
    )


def back_off(image: str) -> str:
    return f'Back-off pulling image "{image}"'


def waiting_in_back_off(image: str, error_text: str) -> str:
    """The published message; the event never has the last error (kubernetes PR 127918, 1.32)."""
    return f"{back_off(image)}: ErrImagePull: {error_text}"


PULL_QPS_EXCEEDED = "pull QPS exceeded"  # kubelet: pkg/kubelet/images/helpers.go
