"""Colours by meaning. Each is a CSS variable of the page, so that light, dark and print differ.

The hues are Okabe and Ito's and Paul Tol's, told apart with any colour vision; where lines cross
they differ in dash, too.
"""

from typing import Final

PHASES: Final = {"before": "var(--before)", "during": "var(--during)", "after": "var(--after)"}
DASHES: Final = {"before": [6, 3], "during": [1, 0], "after": [2, 2]}

# Waiting is grey, the network blue, the node's own work green, and back-off stands out.
PARTS: Final = {
    "schedule": "var(--part-schedule)",
    "queue": "var(--part-queue)",
    "resolve": "var(--part-resolve)",
    "auth": "var(--part-auth)",
    "manifest": "var(--part-manifest)",
    "download": "var(--part-download)",
    "unpack": "var(--part-unpack)",
    "backoff": "var(--part-backoff)",
    "start": "var(--part-start)",
    "other": "var(--part-other)",
}

RESULTS: Final = {
    "ok": "var(--ok)",
    "dns": "var(--cause-dns)",
    "tcp": "var(--cause-tcp)",
    "tls": "var(--cause-tls)",
    "auth": "var(--cause-auth)",
    "auth service": "var(--cause-auth-service)",
    "rate": "var(--cause-rate)",
    "quota": "var(--cause-quota)",
    "digest": "var(--cause-digest)",
    "missing": "var(--cause-missing)",
    "server": "var(--cause-server)",
    "timeout": "var(--cause-timeout)",
    "unknown": "var(--cause-unknown)",
    "unfinished": "var(--unfinished)",
}

KINDS: Final = {
    "dns": "var(--cause-dns)",
    "token": "var(--cause-auth)",
    "manifest": "var(--part-manifest)",
    "blob": "var(--part-download)",
    "upload": "var(--after)",
    "other": "var(--muted)",
}
KIND_DASHES: Final = {
    "dns": [2, 2],
    "token": [6, 3],
    "manifest": [1, 0],
    "blob": [1, 0],
    "upload": [8, 2, 2, 2],
    "other": [4, 4],
}

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

CONFIG: Final = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "gridColor": "var(--grid)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "tickSize": 4,
    },
    "legend": {
        "labelColor": "var(--fg)",
        "titleColor": "var(--muted)",
        "labelFontSize": 12,
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "symbolStrokeWidth": 2,
        "offset": 8,
    },
    "text": {"color": "var(--fg)", "fontSize": 11},
    "rule": {"color": "var(--muted)"},
}
