"""The URL policy: a table, and what name servers may answer."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.adapters.git.urls import UrlPolicy, is_public
from prism.domain.errors import InvalidInput, PrismError, Refused, Transient

PUBLIC = "93.184.216.34"


def policy(
    *addresses: str,
    hosts: tuple[str, ...] = (),
    private: bool = False,
    environment: dict[str, str] | None = None,
) -> UrlPolicy:
    def resolve(host: str, port: int) -> Sequence[str]:
        if not addresses:
            raise OSError("no such name")
        return addresses

    return UrlPolicy(
        allow_hosts=hosts, allow_private_networks=private, environment=environment or {},
        resolve=resolve,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given_url", "normalised"),
    [
        ("https://github.com/owner/repository", "https://github.com/owner/repository"),
        ("https://github.com/owner/repository/", "https://github.com/owner/repository"),
        (" https://GitHub.com:443/Owner/R.git ", "https://github.com/Owner/R.git"),
        ("HTTPS://git.example:8443/x", "https://git.example:8443/x"),
        ("https://git.example./x", "https://git.example/x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://git.example/a%20b/ü", "https://git.example/a%20b/%C3%BC"),
        ("https://8.8.8.8/x", "https://8.8.8.8/x"),
        ("https://[2606:2800:220:1:0248:1893:25c8:1946]/x",
         "https://[2606:2800:220:1:248:1893:25c8:1946]/x"),
        ("https://dev.azure.com/org/my_project/_git/repo",
         "https://dev.azure.com/org/my_project/_git/repo"),
    ],
)  # fmt: skip
def test_a_good_url_is_normalised(given_url: str, normalised: str) -> None:
    assert policy().check(given_url) == normalised
    assert policy().check(normalised) == normalised


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        # other ways to reach something, some of which run commands
        ("http://github.com/x/y", Refused),
        ("ssh://git@github.com/x/y", Refused),
        ("git://github.com/x/y", Refused),
        ("ftp://github.com/x/y", Refused),
        ("file:///etc", Refused),
        ("ext::sh -c touch% /tmp/pwned", PrismError),
        ("ext::sh", Refused),
        ("fd::17", Refused),
        ("git@github.com:x/y.git", InvalidInput),
        ("/srv/git/x.git", InvalidInput),
        ("../x.git", InvalidInput),
        ("", InvalidInput),
        # options, characters
        ("--upload-pack=touch /tmp/pwned", InvalidInput),
        ("-https://github.com/x/y", InvalidInput),
        ("https://github.com/x/y\n", None),
        ("https://github.com/x\ny", InvalidInput),
        ("https://github.com/x\r/y", InvalidInput),
        ("https://github.com/x\0y", InvalidInput),
        ("https://github.com/x y", InvalidInput),
        ("https://github.com/\u202egit", InvalidInput),
        ("https://github.com\\@evil.example/x", InvalidInput),
        # credentials and other parts that do not belong there
        ("https://user:secret@github.com/x/y", InvalidInput),
        ("https://token@github.com/x/y", InvalidInput),
        ("https://github.com/x/y?token=secret", InvalidInput),
        ("https://github.com/x/y#main", InvalidInput),
        # hosts and paths that are none
        ("https:///x/y", InvalidInput),
        ("https://github.com", InvalidInput),
        ("https://github.com/", InvalidInput),
        ("https://github.com/a/../../b", InvalidInput),
        ("https://github.com:99999/x", InvalidInput),
        ("https://github.com:x/y", InvalidInput),
        ("https://-bad-.example/x", InvalidInput),
        ("https://a..b/x", InvalidInput),
        ("https://[::1/x", InvalidInput),
        ("https://[fe80::1%25eth0]/x", InvalidInput),
        ("https://" + "a" * 64 + ".example/x", InvalidInput),
        ("https://github.com/" + "x" * 2000, InvalidInput),
        # addresses inside, in every way to write them
        ("https://127.0.0.1/x", Refused),
        ("https://2130706433/x", Refused),
        ("https://0x7f.1/x", Refused),
        ("https://0177.0.0.1/x", Refused),
        ("https://127.1/x", Refused),
        ("https://0/x", Refused),
        ("https://10.1.2.3/x", Refused),
        ("https://169.254.169.254/latest/meta-data", Refused),
        ("https://168.63.129.16/x", Refused),
        ("https://100.64.0.1/x", Refused),
        ("https://224.0.0.1/x", Refused),
        ("https://[::1]/x", Refused),
        ("https://[::ffff:10.0.0.1]/x", Refused),
        ("https://[64:ff9b::a00:1]/x", Refused),
        ("https://[fd00::1]/x", Refused),
        ("https://[2002:a00:1::]/x", Refused),
        ("https://999999999999/x", InvalidInput),
    ],
)  # fmt: skip
def test_a_bad_url_is_refused(url: str, kind: type[PrismError] | None) -> None:
    if kind is None:  # only its ends are trimmed
        assert policy().check(url) == url.strip()
        return
    with pytest.raises(kind) as caught:
        policy().check(url)
    assert "secret" not in str(caught.value)


def test_a_refused_url_comes_with_a_hint() -> None:
    with pytest.raises(Refused) as caught:
        policy().check("http://github.com/x/y")
    assert "https" in caught.value.hint


def test_checking_resolves_no_name() -> None:
    assert policy().check("https://no-such-name.example/x") == "https://no-such-name.example/x"


def test_the_connection_is_pinned_to_what_was_resolved() -> None:
    target = policy(PUBLIC, "2606:2800:220:1::1").target("https://git.example/x")
    assert target.pin == f"git.example:443:{PUBLIC},[2606:2800:220:1::1]"


def test_a_later_answer_of_the_name_server_changes_nothing() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    target = UrlPolicy(resolve=lambda host, port: next(answers)).target("https://git.example/x")
    assert target.addresses == (PUBLIC,)


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.8", "::1", "fe80::1%eth0", "169.254.0.1"])
def test_one_private_address_among_several_refuses_the_host(inside: str) -> None:
    with pytest.raises(Refused, match="not a public address") as caught:
        policy(PUBLIC, inside).target("https://git.example/x")
    assert "PRISM_ALLOW_PRIVATE_NETWORKS" in caught.value.hint


def test_private_networks_can_be_allowed() -> None:
    assert policy("10.0.0.8", private=True).target("https://git.corp/x").addresses == ("10.0.0.8",)
    assert policy(private=True).check("https://10.0.0.8:3000/x") == "https://10.0.0.8:3000/x"


def test_a_listed_host_may_be_private_and_no_other_host_passes() -> None:
    listed = policy("10.0.0.8", hosts=("*.corp", "github.com"))
    assert listed.target("https://git.corp/x").addresses == ("10.0.0.8",)
    with pytest.raises(Refused, match="not among the hosts"):
        listed.target("https://evil.example/x")


def test_a_name_that_cannot_be_resolved_may_work_later() -> None:
    with pytest.raises(Transient, match="could not resolve host nowhere"):
        policy().target("https://nowhere.example/x")


def test_behind_a_proxy_the_proxy_resolves_names() -> None:
    behind = policy(environment={"https_proxy": "http://proxy:3128", "no_proxy": "git.corp"})
    assert behind.target("https://git.example/x").pin == ""
    with pytest.raises(Transient):
        behind.target("https://git.corp/x")


def test_an_address_needs_no_pin() -> None:
    assert policy().target("https://8.8.8.8/x").pin == ""


@given(st.ip_addresses())
def test_no_private_address_is_public(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not address.is_private


@given(st.text())
def test_any_text_is_normalised_or_refused(text: str) -> None:
    try:
        checked = policy().check(text)
    except (InvalidInput, Refused):
        return
    assert checked.startswith("https://")
    assert policy().check(checked) == checked
