"""Whether W&B would find a login and a server; nothing is asked of the user."""

from __future__ import annotations

import netrc
import os
import ssl
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

WANDB_HOSTS = ("api.wandb.ai", "api.forge.coreweave.com")
"""The public service; since wandb 0.31 it has the second name, and accepts logins of both."""


def wandb_is_offline(mode: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Decide for `logger.mode`: `offline`, `online`, or `auto` (online with a login).

    Raises:
        ConfigError: for `online` without a login; W&B would ask for one and wait.
    """
    if mode == "offline":
        return True
    login = has_wandb_login(environment)
    if mode == "online" and not login:
        raise ConfigError(
            "logger.mode=online: no W&B login found; expected one of `wandb login` or "
            "WANDB_API_KEY (and WANDB_BASE_URL for a server of your own), and WANDB_MODE not "
            "offline; logger.mode=offline needs none"
        )
    return not login


def has_wandb_login(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether there is an API key, an identity token or an entry in the netrc file."""
    if environment.get("WANDB_MODE") in {"offline", "disabled", "dryrun"}:
        return False
    if environment.get("WANDB_API_KEY") or environment.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    own = environment.get("WANDB_BASE_URL")
    hosts = WANDB_HOSTS if own is None else (urlparse(own).hostname or "",)
    try:
        logins = netrc.netrc(environment.get("NETRC"))
        return any(logins.authenticators(host) is not None for host in hosts)
    except (OSError, netrc.NetrcParseError):
        return False


def server_answers(url: str, seconds: float) -> bool:
    """Return whether a server answers at all, through the proxies that the environment names.

    An error counts as an answer, and so does a certificate that is not trusted here: W&B judges
    that itself.
    """
    try:
        with urlopen(Request(url, method="HEAD"), timeout=seconds):
            return True
    except (HTTPError, HTTPException):
        return True
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)
    except (OSError, ValueError):
        return False
