"""``prism credential``: tokens for private repositories, encrypted at rest."""

from typing import TYPE_CHECKING, Annotated

import typer

from prism.entrypoints.cli.options import JsonOption

if TYPE_CHECKING:
    from prism.domain.credentials import Secret

app = typer.Typer(
    help="Manage tokens for private repositories.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("keygen")
def keygen(as_json: JsonOption = False) -> None:
    """Print a new key for CREDENTIAL_ENCRYPTION_KEY. Nothing stores it: losing it loses the
    tokens."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.container import new_encryption_key

    key = new_encryption_key()
    if as_json:
        emit_json({"key": key})
    else:
        emit(key)


@app.command("add")
def add(
    name: Annotated[str, typer.Option("--name", help="What to call it.")],
    provider: Annotated[
        str,
        typer.Option(
            "--provider", help="github, gitlab, bitbucket, azuredevops, gitea or generic."
        ),
    ],
    host: Annotated[
        str,
        typer.Option("--host", metavar="HOST[:PORT]", help="The only host it may be sent to."),
    ],
    username: Annotated[
        str | None, typer.Option("--username", help="Default: what the provider expects.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Store a token, read from stdin or asked for at a prompt; never an argument.

    Needs CREDENTIAL_ENCRYPTION_KEY (see `prism credential keygen`).
    """
    from prism.application.credentials.add_credential import AddCredentialRequest
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.cli.shapes import credential_json
    from prism.entrypoints.container import opened

    with opened() as container:
        container.token_encryptor().key_ids()  # a missing key is told before a token is typed
        credential = container.add_credential()(
            AddCredentialRequest(
                name=name, provider=provider, host=host, username=username, token=_read_token()
            )
        )
    if as_json:
        emit_json({"credential": credential_json(credential)})
    else:
        emit(f"credential {credential.id}: {credential.name} for {credential.host}")


@app.command("list")
def list_(as_json: JsonOption = False) -> None:
    """List the credentials by name. Tokens are never shown."""
    from prism.entrypoints.cli.output import emit_json, emit_table, say
    from prism.entrypoints.cli.shapes import credential_json
    from prism.entrypoints.container import opened

    with opened() as container:
        credentials = container.credentials().list()
    if as_json:
        emit_json({"credentials": [credential_json(each) for each in credentials]})
    elif not credentials:
        say("no credentials yet: `prism credential add --name … --provider … --host …`")
    else:
        emit_table(
            ["ID", "NAME", "PROVIDER", "HOST", "USERNAME"],
            [[c.id, c.name, c.provider, c.host, c.username] for c in credentials],
        )


@app.command("remove")
def remove(
    credential: Annotated[str, typer.Argument(metavar="CREDENTIAL", help="Its id or name.")],
    as_json: JsonOption = False,
) -> None:
    """Delete a credential that no project uses."""
    from prism.entrypoints.cli.output import emit, emit_json
    from prism.entrypoints.container import opened

    with opened() as container:
        found = container.credentials().get(credential)
        container.credentials().remove(found.id)
    if as_json:
        emit_json({"removed": {"id": found.id, "name": found.name}})
    else:
        emit(f"removed credential {found.name}")


def _read_token() -> "Secret":
    import getpass
    import sys

    from prism.domain.credentials import Secret

    if sys.stdin.isatty():
        return Secret(getpass.getpass("token: ").strip())
    return Secret(sys.stdin.read(65_536).strip())
